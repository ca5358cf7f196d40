import type { Dossier } from "../domain/evidence.ts";
import type { Instant } from "../domain/instant.ts";
import { wantsLayers } from "./collect-leaf.ts";
import { signedDigests } from "./collect-signatures.ts";
import { dossierFreshUntil, type MaxAges } from "./freshness.ts";
import type { Plan } from "./plan.ts";

/** Whether every place the plan names was looked at and may still be believed, so that judging needs no request. */
export function isCovered(dossier: Dossier, plan: Plan, ages: MaxAges, now: Instant): boolean {
  const staleAt = dossierFreshUntil(dossier, plan, ages);
  return (
    areListsCollected(dossier, plan) && areContentsCollected(dossier, plan) && (staleAt === undefined || now < staleAt)
  );
}

function areListsCollected({ subject, signatures }: Dossier, plan: Plan): boolean {
  return signedDigests(subject).every((about) =>
    plan.places.every(({ key }) =>
      signatures.some((entry) => entry.about === about && entry.source === key && entry.content.kind !== "not-asked"),
    ),
  );
}

function areContentsCollected({ subject, leaves }: Dossier, plan: Plan): boolean {
  return subject.leaves.every((leaf) => {
    const evidence = leaves.find((candidate) => candidate.manifest === leaf.descriptor.digest);
    if (evidence === undefined) return false;
    return (
      !wantsLayers(evidence.config, leaf, subject, plan) ||
      evidence.layers.every((layer) => layer.content.kind !== "not-asked")
    );
  });
}
