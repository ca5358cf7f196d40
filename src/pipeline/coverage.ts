import type { Dossier, SignatureSource } from "../domain/evidence.ts";
import type { Instant } from "../domain/instant.ts";
import { lacksBases, wantsLayers } from "./collect-leaf.ts";
import { dossierFreshUntil, type MaxAges } from "./freshness.ts";
import type { Place } from "../schemes/scheme.ts";
import { looksOf } from "./looks.ts";
import type { Plan } from "./plan.ts";

/** Whether every place the plan names was looked at and may still be believed, so that judging needs no request. */
export function isCovered(dossier: Dossier, plan: Plan, ages: MaxAges, now: Instant): boolean {
  const staleAt = dossierFreshUntil(dossier, plan, ages);
  return (
    areListsCollected(dossier, plan) && areContentsCollected(dossier, plan) && (staleAt === undefined || now < staleAt)
  );
}

/** Whether every place was looked at, however long ago. */
export function areListsCollected({ subject, signatures }: Dossier, plan: Plan): boolean {
  return looksOf(subject, plan).every(({ about, place }) =>
    signatures.some(
      (entry) =>
        entry.about === about &&
        entry.source === place.key &&
        entry.content.kind !== "not-asked" &&
        holdsStatements(entry, place, plan),
    ),
  );
}

/** Whether what was found in a place holds what the plan asks of statements. */
export function holdsStatements({ content }: SignatureSource, { isAtHand }: Place, { statements }: Plan): boolean {
  if (isAtHand === undefined || content.kind !== "observed") return true;
  return content.value.every((evidence) => isAtHand(evidence, statements));
}

function areContentsCollected({ subject, leaves }: Dossier, plan: Plan): boolean {
  return subject.leaves.every((leaf) => {
    const evidence = leaves.find((candidate) => candidate.manifest === leaf.descriptor.digest);
    if (evidence === undefined) return false;
    return (
      !wantsLayers(evidence.config, leaf, subject, plan) ||
      (evidence.layers.every((layer) => layer.content.kind !== "not-asked") && !lacksBases(evidence, plan))
    );
  });
}
