import { InputError } from "../../domain/errors.ts";
import type { Opinion } from "../../domain/facts.ts";
import type { Document } from "../../domain/subject.ts";
import { judgeClaim } from "../claim.ts";
import { guarded, rejected } from "../opinion.ts";
import { verifiedBy, type Prover } from "../prover.ts";
import type { Assess, Target } from "../scheme.ts";
import { annotatedSignature, SIGNATURE } from "./annotated-signature.ts";
import { parsePayload, type SignedClaim } from "./payload.ts";
import { readSignatureLayers, SIMPLE_SIGNING } from "./signature-layers.ts";
import { readSignatureReferrer } from "./signature-referrer.ts";
import { COSIGN_REFERRERS } from "./source.ts";
import { quoted } from "../../domain/quoted.ts";

/** Judges one layer of a signature manifest. The payload is read only after its signature is proved. */
export function assessLayer(prover: Prover): Assess {
  return guarded((evidence, target) => {
    const { artifact, documents, missing } = evidence;
    if (missing !== undefined) {
      const detail = `the registry does not have ${missing}, which the signature needs`;
      return rejected("fetched", "missing-document", detail);
    }
    const manifest = documents.find(({ descriptor }) => descriptor.digest === artifact.digest);
    const payload = documents.find((document) => document !== manifest);
    const refused = evidence.source === COSIGN_REFERRERS ? refuseReferrer(manifest, target) : undefined;
    if (refused !== undefined) return refused;
    if (payload !== undefined) return judgePayload(payload, target, prover);
    return manifest === undefined ? rejected("found", "malformed", "the evidence holds no document") : remark(manifest);
  });
}

function refuseReferrer(manifest: Document | undefined, target: Target): Opinion | undefined {
  if (manifest === undefined) return rejected("found", "malformed", "the evidence holds no signature manifest");
  const read = readSignatureReferrer(manifest, target.digest);
  switch (read.kind) {
    case "signatures":
      return undefined;
    case "other":
      return rejected("found", "unsupported", "the referrer is no signature manifest of cosign's");
    case "wrong-subject": {
      const detail = `its manifest refers to ${read.subject ?? "nothing"}, not to ${target.digest}`;
      return rejected("found", "wrong-subject", detail);
    }
  }
}

function judgePayload(document: Document, target: Target, prover: Prover): Opinion {
  const { mediaType } = document.descriptor;
  if (mediaType === SIMPLE_SIGNING) return judge(document, target, prover);
  return rejected("found", "unsupported", `a ${quoted(mediaType, 80)} is no cosign signature`);
}

/** Says what is wrong with a manifest, or with those of its layers that cannot be signatures. */
function remark(manifest: Document): Opinion {
  const layers = readSignatureLayers(manifest);
  if (layers.kind === "too-many") return rejected("found", "unsupported", `it lists ${layers.count} signatures`);
  const [other] = layers.others;
  if (other === undefined) return rejected("found", "no-signature", "the signature manifest lists no signature");
  const { mediaType, size } = other.layer;
  return rejected(
    "found",
    "unsupported",
    `layer ${other.part} is no cosign signature (${quoted(mediaType, 80)}, ${size} bytes); such layers: ${layers.others.length}`,
  );
}

function judge(document: Document, target: Target, prover: Prover): Opinion {
  const { annotations } = document.descriptor;
  if ((annotations[SIGNATURE] ?? "") === "") {
    return rejected("parsed", "no-signature", `the layer has no annotation ${SIGNATURE}`);
  }
  const proof = prover.prove(annotatedSignature(annotations, document.bytes));
  if (proof.kind !== "proved") return proof;
  const claim = readClaim(document.bytes);
  if (claim instanceof InputError) {
    return rejected("subject", "malformed", `the signature is good, but its ${claim.message}`, proof.signer);
  }
  const { digest, name, annotations: signed } = claim;
  const refusal = judgeClaim({ digests: [digest], name, annotations: signed }, target, prover.rules, proof.signer);
  return refusal ?? verifiedBy(proof);
}

function readClaim(bytes: Uint8Array): SignedClaim | InputError {
  try {
    return parsePayload(bytes);
  } catch (error) {
    if (error instanceof InputError) return error;
    throw error;
  }
}
