import { readFileSync } from "node:fs";

import { parsePublicKey, type PublicKey } from "../crypto/public-key.ts";
import { logOfPem, type LogRoot } from "../crypto/transparency-log.ts";
import type { TimestampAuthority } from "../crypto/timestamp.ts";
import { parseTrustedRoot, type TrustedRoot } from "../crypto/trusted-root.ts";
import { InputError } from "../domain/errors.ts";
import { quoted } from "../domain/quoted.ts";
import type { CosignAuthority, TrustRoot } from "../domain/trust.ts";
import { compileSignedIdentity, type IdentityProblem } from "./signed-identity.ts";

/** A cosign authority with its texts read: what both storage forms of key signatures are judged by. */
export type KeyAuthority = {
  readonly keys: readonly PublicKey[];
  /** `undefined` only where the operator wrote that the log is to be ignored. */
  readonly logs: LogRoot | undefined;
  /** Whose timestamps count; none where only log keys are trusted, or the log is to be ignored. */
  readonly timestampAuthorities: readonly TimestampAuthority[];
  readonly timestampRequired: boolean;
  readonly annotations: Readonly<Record<string, string>>;
  readonly identityProblem: IdentityProblem | undefined;
};

/** Throws `InputError` for what cannot be read, and for an authority that has no key and so could never vouch. */
export function compileKeyAuthority(spec: CosignAuthority): KeyAuthority {
  if (spec.keys.length === 0) throw new InputError("policy", "a cosign authority has no keys: name at least one");
  const trusted = spec.transparencyLog.kind === "required" ? readRoot(spec.transparencyLog.root) : undefined;
  return {
    keys: spec.keys.map((key) => parsePublicKey(key.pem, key.from)),
    logs: trusted?.logs,
    timestampAuthorities: trusted?.timestampAuthorities ?? [],
    timestampRequired: spec.timestamp === "required",
    annotations: spec.annotations,
    identityProblem: spec.signedIdentity === undefined ? undefined : compileSignedIdentity(spec.signedIdentity),
  };
}

function readRoot(root: TrustRoot): TrustedRoot {
  switch (root.kind) {
    case "public-good":
      return publicGoodRoot();
    case "trusted-root":
      return parseTrustedRoot(root.json, root.from);
    case "tuf-mirror":
      throw new InputError("policy", `the trust root of ${quoted(root.mirror)} has not been read yet`);
    case "rekor-keys":
      if (root.keys.length === 0)
        throw new InputError("policy", "rekorKeys is empty: name the key of at least one log");
      return { logs: root.keys.map((key) => logOfPem(key.pem, key.from)), timestampAuthorities: [] };
  }
}

/**
 * The logs and timestamp authorities of sigstore's public-good instance, from the `trusted_root.json` that its TUF
 * repository signs, as shipped in @sigstore/tuf 5.0.1 (seeds.json). Public material only; a newer root is given to an
 * authority as a file of its own.
 */
export function publicGoodRoot(): TrustedRoot {
  const file = new URL("./public-good-trusted-root.json", import.meta.url);
  return parseTrustedRoot(readFileSync(file, "utf8"), "public-good");
}
