import { InputError } from "../domain/errors.ts";
import type { Opinion, Signer } from "../domain/facts.ts";
import type { Instant } from "../domain/instant.ts";
import type { AuthoritySpec } from "../domain/trust.ts";
import type { ClaimRules } from "./claim.ts";
import { compileKeyAuthority } from "./key-authority.ts";
import { proveSignature } from "./key-signature.ts";
import { compileKeylessAuthority } from "./keyless-authority.ts";
import { proveKeyless } from "./keyless-signature.ts";
import type { MadeSignature } from "./made-signature.ts";
import { rejected } from "./opinion.ts";

/** Who made a signature, and when: all that is known before the signed content is read. */
export type Proof = {
  readonly kind: "proved";
  readonly signer: Signer;
  /** Times proved by a log or a timestamp authority. */
  readonly times: readonly Instant[];
  /** The instants between which the signature counts; open where nothing limits it. */
  readonly notBefore: Instant | undefined;
  readonly notAfter: Instant | undefined;
  readonly notes: readonly string[];
};

export type Refusal = Exclude<Opinion, { readonly kind: "verified" }>;

/** An authority of keys or of identities as what judges signatures, whatever carried them. */
export type Prover = {
  /** Signature, certificate, log, timestamps and signer: nothing of the content. Never throws. */
  readonly prove: (made: MadeSignature) => Proof | Refusal;
  /** What the content must say, for `judgeClaim`. */
  readonly rules: ClaimRules;
};

/**
 * `undefined` for an authority that does not judge by keys or certificates of Sigstore. Throws `InputError` for keys, roots
 * and patterns that cannot be read.
 */
export function compileProver(spec: AuthoritySpec): Prover | undefined {
  switch (spec.kind) {
    case "cosign": {
      const authority = compileKeyAuthority(spec);
      return { prove: guardedProof((made) => proveSignature(made, authority)), rules: authority };
    }
    case "keyless": {
      const authority = compileKeylessAuthority(spec);
      return { prove: guardedProof((made) => proveKeyless(made, authority)), rules: authority };
    }
    case "notary":
    case "notation":
    case "simpleSigning":
      return undefined;
  }
}

/** Whatever goes wrong in reading what strangers wrote is a rejection. */
function guardedProof(prove: Prover["prove"]): Prover["prove"] {
  return (made) => {
    try {
      return prove(made);
    } catch (error) {
      const why = error instanceof InputError ? error.message : "the signature could not be read";
      return rejected("parsed", "malformed", why);
    }
  };
}

/** A proved time in the future is no reason to reject here, where there is no clock: the signature counts from then on. */
export function verifiedBy({
  signer,
  times,
  notBefore,
  notAfter,
  notes,
}: Proof): Extract<Opinion, { kind: "verified" }> {
  return { kind: "verified", signers: [signer], notBefore, notAfter, signedAt: times, notes };
}
