import { readKeyring, type Keyring, type SigningKey } from "../../crypto/openpgp/keyring.ts";
import { checkMessage, type MessageCheck } from "../../crypto/openpgp/message-check.ts";
import { readSignedMessage } from "../../crypto/openpgp/signed-message.ts";
import { InputError } from "../../domain/errors.ts";
import type { Opinion, Signer, Step } from "../../domain/facts.ts";
import { quoted } from "../../domain/quoted.ts";
import type { SimpleSigningAuthority } from "../../domain/trust.ts";
import { judgeClaim } from "../claim.ts";
import { guarded, rejected, type Rejection } from "../opinion.ts";
import type { Assess, Target } from "../scheme.ts";
import { compileSignedIdentity, type IdentityProblem } from "../signed-identity.ts";
import { placeOf } from "./place.ts";
import { parseSimplePayload, type SimpleClaim } from "./payload.ts";
import { readStoredBlob } from "./stored-blob.ts";

type Compiled = { readonly keyring: Keyring; readonly identityProblem: IdentityProblem };

/** Throws `InputError` for keyrings that cannot be read, and for an authority without one, which could never vouch. */
export function assessSimple(authority: SimpleSigningAuthority): Assess {
  if (authority.keyrings.length === 0) throw new InputError("policy", "a simpleSigning authority has no keyrings");
  const files = authority.keyrings.map(({ hex, from }) => ({ bytes: Buffer.from(hex, "hex"), from }));
  const compiled = {
    keyring: readKeyring(files),
    identityProblem: compileSignedIdentity(authority.signedIdentity),
  };
  const assess = guarded((evidence, target) => {
    const [document] = evidence.documents;
    if (document === undefined) return rejected("found", "malformed", "the evidence holds no document");
    return judge(document.bytes, target, compiled);
  });
  const place = placeOf(authority).key;
  // What another authority's lookaside holds must not change what this one says.
  return (evidence, target) => (evidence.source === place ? assess(evidence, target) : undefined);
}

/** The signature is proved before any of the signed bytes are read. */
function judge(bytes: Uint8Array, target: Target, { keyring, identityProblem }: Compiled): Opinion {
  const blob = readStoredBlob(bytes);
  if (blob.kind === "other") {
    return rejected("found", "unsupported", `it is a signature of the format ${blob.format}, which is not GPG's`);
  }
  const message = readSignedMessage(blob.bytes);
  if (message.kind === "refused") return rejected("parsed", message.reason, message.detail);
  const check = checkMessage(message, keyring);
  if (check.kind === "unproved") return refuse(check);
  const signer = signerOf(check.by);
  const claim = readClaim(message.content);
  if (claim instanceof InputError) {
    return rejected("subject", "malformed", `the signature is good, but its ${claim.message}`, signer);
  }
  const judged = { digests: [claim.digest], name: claim.name, annotations: new Map() };
  return judgeClaim(judged, target, { annotations: {}, identityProblem }, signer) ?? verified(check, claim);
}

const STEPS: Readonly<Record<Extract<MessageCheck, { readonly kind: "unproved" }>["reason"], Step>> = {
  unsupported: "parsed",
  "unknown-key": "signature",
  "bad-signature": "signature",
  "key-revoked": "chain",
  "key-unfit": "chain",
};

function refuse({ reason, detail, by }: Extract<MessageCheck, { readonly kind: "unproved" }>): Rejection {
  return rejected(STEPS[reason], reason, detail, by && signerOf(by));
}

function verified(
  { by, notBefore, notAfter }: Extract<MessageCheck, { readonly kind: "proved" }>,
  { name }: SimpleClaim,
): Opinion {
  return {
    kind: "verified",
    signers: [signerOf(by)],
    notBefore,
    notAfter,
    // The time in a signature is its maker's word alone.
    signedAt: [],
    notes: [`signed under the name ${quoted(name, 200)}`],
  };
}

function signerOf({ primary, key }: SigningKey): Signer {
  return { kind: "pgp", fingerprint: primary, spki: key.spki };
}

function readClaim(bytes: Uint8Array): SimpleClaim | InputError {
  try {
    return parseSimplePayload(bytes);
  } catch (error) {
    if (error instanceof InputError) return error;
    throw error;
  }
}
