import { addressOf } from "../crypto/digest-of.ts";
import type { SignatureEvidence } from "../domain/evidence.ts";

type Content = Omit<SignatureEvidence, "id">;

/** What was named here, and by nobody else. */
const named = new WeakSet<SignatureEvidence>();

/** Names evidence by its content. The bytes are in the address through their digests, and a gap by its code, not its wording. */
export function signatureEvidence(evidence: Content): SignatureEvidence {
  const { artifact, part, via, documents, missing, gaps, scheme, source, about } = evidence;
  const id = addressOf("signature-evidence", {
    artifact: artifact.digest,
    part,
    via,
    documents: documents.map((document) => document.descriptor.digest),
    missing,
    gaps: gaps.map(({ code, what }) => ({ code, what })),
    scheme,
    source,
    about,
  });
  const whole = { id, ...evidence };
  named.add(whole);
  return whole;
}

/** The same evidence with this provenance, whatever it said of its own; named anew unless it was named so already. */
export function stampedEvidence(
  evidence: SignatureEvidence,
  provenance: Pick<Content, "scheme" | "source" | "about">,
): SignatureEvidence {
  const { scheme, source, about } = provenance;
  const agrees = evidence.scheme === scheme && evidence.source === source && evidence.about === about;
  if (agrees && named.has(evidence)) return evidence;
  const { id, ...content } = evidence;
  return signatureEvidence({ ...content, ...provenance });
}
