import { addressOf } from "../crypto/digest-of.ts";
import type { SignatureEvidence } from "../domain/evidence.ts";

/** Names evidence by its content. The bytes are in the address through their descriptors' digests. */
export function signatureEvidence(evidence: Omit<SignatureEvidence, "id">): SignatureEvidence {
  const id = addressOf("signature-evidence", {
    ...evidence,
    documents: evidence.documents.map((document) => document.descriptor),
  });
  return { id, ...evidence };
}
