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
import { quoted } from "../../domain/quoted.ts";

/** Judges one layer of a `.sig` manifest. The payload is read only after its signature is proved. */
export function assessTagged(prover: Prover): Assess {
  return guarded((evidence, target) => {
    if (evidence.missing !== undefined) {
      return rejected(
        "fetched",
        "missing-document",
        `the registry does not have the signature's payload ${evidence.missing}`,
      );
    }
    const [document] = evidence.documents;
    if (document === undefined) return rejected("found", "malformed", "the evidence holds no document");
    if (document.descriptor.digest === evidence.artifact.digest) return remark(document);
    if (document.descriptor.mediaType !== SIMPLE_SIGNING) {
      return rejected("found", "unsupported", `a ${quoted(document.descriptor.mediaType, 80)} is no cosign signature`);
    }
    return judge(document, target, prover);
  });
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
