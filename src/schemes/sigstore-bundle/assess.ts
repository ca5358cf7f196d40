import { digestOf } from "../../crypto/digest-of.ts";
import { preAuthEncoding } from "../../crypto/dsse.ts";
import { IN_TOTO_PAYLOAD, parseStatement, type Statement } from "../../crypto/in-toto.ts";
import { keyInLog, keyOfVerifier } from "../../crypto/log-match.ts";
import type { PublicKey } from "../../crypto/public-key.ts";
import { InputError } from "../../domain/errors.ts";
import type { Opinion } from "../../domain/facts.ts";
import { quoted } from "../../domain/quoted.ts";
import type { Document } from "../../domain/subject.ts";
import { judgeClaim } from "../claim.ts";
import type { KeyAuthority } from "../key-authority.ts";
import {
  nameOfKey,
  proveSignature,
  signerOf,
  verifiedBy,
  type MadeSignature,
  type ProvedSignature,
} from "../key-signature.ts";
import { MAX_SIGNATURE_BYTES } from "../limits.ts";
import { guarded, rejected, type Rejection } from "../opinion.ts";
import type { Assess, Target } from "../scheme.ts";
import { parseBundle, type Bundle, type MessageDigest } from "./bundle.ts";
import { readBundleManifest, SIGN_PREDICATE } from "./bundle-manifest.ts";
import { claimOf } from "./statement-claim.ts";

/** Judges one bundle under an authority of keys. The statement is read only after its signature is proved. */
export function assessBundle(authority: KeyAuthority): Assess {
  return guarded((evidence, target) => {
    if (evidence.missing !== undefined) {
      return rejected(
        "fetched",
        "missing-document",
        `the registry does not have ${evidence.missing}, which the signature needs`,
      );
    }
    const [manifest, bundle] = evidence.documents;
    if (manifest === undefined) return rejected("found", "malformed", "the evidence holds no document");
    return refuseManifest(manifest, target) ?? judgeDocument(bundle, target, authority);
  });
}

function refuseManifest(document: Document, target: Target): Rejection | undefined {
  const manifest = readBundleManifest(document, target.digest);
  switch (manifest.kind) {
    case "bundle":
      return undefined;
    case "other":
      return rejected("found", "unsupported", "the referrer is no sigstore bundle");
    case "wrong-subject":
      return rejected(
        "found",
        "wrong-subject",
        `its manifest refers to ${manifest.subject ?? "nothing"}, not to ${target.digest}`,
      );
    case "attestation":
      return rejected(
        "found",
        "wrong-predicate",
        `it is an attestation by its manifest (${quoted(manifest.predicateType)}), not a signature`,
      );
    case "too-large":
      return rejected(
        "found",
        "unsupported",
        `its bundle has ${manifest.layer.size} bytes, more than any image signature`,
      );
  }
}

function judgeDocument(document: Document | undefined, target: Target, authority: KeyAuthority): Opinion {
  if (document === undefined) return rejected("fetched", "missing-document", "the evidence holds no bundle");
  const bundle = parseBundle(document.bytes, MAX_SIGNATURE_BYTES);
  if (bundle.content.kind === "message") {
    // Such a bundle covers bytes, here the manifest's own. No client signs images so, and the bytes are not at hand.
    return rejected("parsed", "unsupported", "the bundle signs a file, not a statement about an image");
  }
  const { envelope } = bundle.content;
  const proved = proveBundle(bundle, preAuthEncoding(envelope.payloadType, envelope.payload), authority);
  if (proved.kind === "rejected") return proved;
  return judgeStatement(envelope, proved, target, authority);
}

/**
 * The signature, log and timestamp of a bundle over `message`: an envelope's pre-authentication encoding, or the file that
 * a message signature is about. A certificate's key is never tried as one of the authority's.
 */
export function proveBundle(bundle: Bundle, message: Uint8Array, authority: KeyAuthority): ProvedSignature | Rejection {
  if (bundle.material.kind === "certificate") {
    const key = keyOfVerifier({ kind: "certificate", der: bundle.material.leaf });
    const by = key === undefined ? "a certificate" : `a certificate's ${nameOfKey(key)}`;
    return rejected(
      "signature",
      "unknown-key",
      `the bundle names ${by} as its signer (keyless), and this authority trusts keys`,
    );
  }
  if (bundle.content.kind === "message" && !isDigestOfMessage(bundle.content.digest, message)) {
    return rejected("signature", "bad-signature", "the digest beside the signature is not that of the signed file");
  }
  return proveSignature(madeBy(bundle, message), authority);
}

function isDigestOfMessage(digest: MessageDigest, message: Uint8Array): boolean {
  return digest.algorithm === "SHA2_256" && digestOf(message) === `sha256:${Buffer.from(digest.bytes).toString("hex")}`;
}

function madeBy(bundle: Bundle, message: Uint8Array): MadeSignature {
  const { content, entries } = bundle;
  const dsse = content.kind === "dsse";
  const signatures = dsse ? content.envelope.signatures.map(({ sig }) => sig) : [content.signature];
  const [signature = new Uint8Array()] = signatures;
  return {
    message,
    payload: dsse ? content.envelope.payload : undefined,
    signature,
    signatures,
    entries,
    timestamps: bundle.timestamps,
    claimed: () => claimedKey(bundle, signature),
  };
}

/** The key that a log entry names for this signature, if the bundle carries one. */
function claimedKey(bundle: Bundle, signature: Uint8Array): PublicKey | undefined {
  return bundle.entries.map((entry) => keyInLog(entry.body, signature)).find((key) => key !== undefined);
}

type Payload = { readonly payloadType: string; readonly payload: Uint8Array };

function judgeStatement(payload: Payload, proved: ProvedSignature, target: Target, authority: KeyAuthority): Opinion {
  const signer = signerOf(proved.key);
  if (payload.payloadType !== IN_TOTO_PAYLOAD) {
    return rejected(
      "predicate",
      "wrong-predicate",
      `the signature is good, but over ${quoted(payload.payloadType)}, not a statement`,
      signer,
    );
  }
  const statement = readStatement(payload.payload);
  if (statement instanceof InputError) {
    return rejected("subject", "malformed", `the signature is good, but its ${statement.message}`, signer);
  }
  const refusal = judgeClaim(claimOf(statement, target.digest), target, authority, signer);
  if (refusal !== undefined && refusal.step !== "predicate") return refusal;
  if (statement.predicateType !== SIGN_PREDICATE) {
    const detail = `the signature is good, but of an attestation (${quoted(statement.predicateType)}), which is no image signature`;
    return rejected("predicate", "wrong-predicate", detail, signer);
  }
  return refusal ?? verifiedBy(proved);
}

function readStatement(bytes: Uint8Array): Statement | InputError {
  try {
    return parseStatement(bytes, MAX_SIGNATURE_BYTES);
  } catch (error) {
    if (error instanceof InputError) return error;
    throw error;
  }
}
