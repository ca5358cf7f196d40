import type { Dossier, SignatureSource } from "../domain/evidence.ts";
import type { AttestationFact, ImageFacts, SignatureFact } from "../domain/facts.ts";
import type { Instant } from "../domain/instant.ts";

/**
 * Lists in which something that counted has ended since they were seen, such as what a revocation list or a Notary server's
 * timestamp says: what took its place is found by looking again, however young the list is.
 */
export function lapsedLists(dossier: Dossier, facts: ImageFacts, now: Instant): readonly SignatureSource[] {
  const all = [...facts.signatures, ...facts.attestations];
  return dossier.signatures.filter((list) => all.some((fact) => isOf(fact, list) && hasLapsed(fact, list, now)));
}

type Fact = SignatureFact | AttestationFact;

function isOf(fact: Fact, { about, source }: SignatureSource): boolean {
  return fact.about === about && fact.source === source;
}

/** What had ended when it was seen is not made good by another look. */
function hasLapsed({ opinion }: Fact, { content }: SignatureSource, now: Instant): boolean {
  if (opinion.kind !== "verified" || content.kind !== "observed") return false;
  return opinion.notAfter !== undefined && content.at < opinion.notAfter && opinion.notAfter <= now;
}
