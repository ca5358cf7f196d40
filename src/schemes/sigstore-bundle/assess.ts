import { preAuthEncoding } from "../../crypto/dsse.ts";
import { IN_TOTO_PAYLOAD, parseStatement, type Statement } from "../../crypto/in-toto.ts";
import { InputError } from "../../domain/errors.ts";
import type { Opinion } from "../../domain/facts.ts";
import { quoted } from "../../domain/quoted.ts";
import type { Document } from "../../domain/subject.ts";
import { judgeClaim } from "../claim.ts";
import { MAX_SIGNATURE_BYTES } from "../limits.ts";
import { guarded, rejected, type Rejection } from "../opinion.ts";
import { verifiedBy, type Proof, type Prover } from "../prover.ts";
import type { Assess, Target } from "../scheme.ts";
import { parseBundle } from "./bundle.ts";
import { readBundleManifest, SIGN_PREDICATE } from "./bundle-manifest.ts";
import { proveBundle } from "./bundle-signature.ts";
import { claimOf } from "./statement-claim.ts";

/** Judges one bundle The statement is read only after its signature is proved. */
export function assessBundle(prover: Prover): Assess {
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
    return refuseManifest(manifest, target) ?? judgeDocument(bundle, target, prover);
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

function judgeDocument(document: Document | undefined, target: Target, prover: Prover): Opinion {
  if (document === undefined) return rejected("fetched", "missing-document", "the evidence holds no bundle");
  const bundle = parseBundle(document.bytes, MAX_SIGNATURE_BYTES);
  if (bundle.content.kind === "message") {
    // Such a bundle covers bytes, here the manifest's own. No client signs images so, and the bytes are not at hand.
    return rejected("parsed", "unsupported", "the bundle signs a file, not a statement about an image");
  }
  const { envelope } = bundle.content;
  const proof = proveBundle(bundle, preAuthEncoding(envelope.payloadType, envelope.payload), prover);
  return proof.kind === "proved" ? judgeStatement(envelope, proof, target, prover) : proof;
}

type Payload = { readonly payloadType: string; readonly payload: Uint8Array };

function judgeStatement(payload: Payload, proof: Proof, target: Target, prover: Prover): Opinion {
  const { signer } = proof;
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
  const refusal = judgeClaim(claimOf(statement, target.digest), target, prover.rules, signer);
  if (refusal !== undefined && refusal.step !== "predicate") return refusal;
  if (statement.predicateType !== SIGN_PREDICATE) {
    const detail = `the signature is good, but of an attestation (${quoted(statement.predicateType)}), which is no image signature`;
    return rejected("predicate", "wrong-predicate", detail, signer);
  }
  return refusal ?? verifiedBy(proof);
}

function readStatement(bytes: Uint8Array): Statement | InputError {
  try {
    return parseStatement(bytes, MAX_SIGNATURE_BYTES);
  } catch (error) {
    if (error instanceof InputError) return error;
    throw error;
  }
}
