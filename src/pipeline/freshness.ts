import type { Dossier, LeafEvidence, SignatureEvidence } from "../domain/evidence.ts";
import type { Observation } from "../domain/gap.ts";
import { earliest, plus, type Instant } from "../domain/instant.ts";
import { looksOf } from "./looks.ts";
import type { Plan } from "./plan.ts";

/** How long what was seen may be believed. Bytes named by a digest never age; lists and absences do. */
export type MaxAges = { readonly signaturesMs: number; readonly absenceMs: number };

/** A gap is looked at again soon, and no answer that rests on one is served for longer. */
const GAP_MAX_AGE_MS = 5_000;

/** When a list must be looked at again; `undefined` if it never was looked at. */
export function listStaleAt(
  observation: Observation<readonly SignatureEvidence[]>,
  ages: MaxAges,
): Instant | undefined {
  switch (observation.kind) {
    case "observed":
      if (observation.value.some(({ gaps }) => gaps.length > 0)) return plus(observation.at, GAP_MAX_AGE_MS);
      return plus(observation.at, observation.value.length === 0 ? ages.absenceMs : ages.signaturesMs);
    case "gap":
      return plus(observation.at, GAP_MAX_AGE_MS);
    case "not-asked":
      return undefined;
  }
}

/** When the catalogue of base images must be asked again; `undefined` if it never was asked. */
export function basesStaleAt(observation: LeafEvidence["bases"], ages: MaxAges): Instant | undefined {
  if (observation.kind !== "observed") return bytesStaleAt(observation);
  return plus(observation.at, observation.value.length === 0 ? ages.absenceMs : ages.signaturesMs);
}

/** When bytes must be asked for again: only if they were not seen. */
function bytesStaleAt(observation: Observation<unknown>): Instant | undefined {
  return observation.kind === "gap" ? plus(observation.at, GAP_MAX_AGE_MS) : undefined;
}

/** Until when the observations that the plan asked for may carry an answer; `undefined` if none of them ages. */
export function dossierFreshUntil(dossier: Dossier, plan: Plan, ages: MaxAges): Instant | undefined {
  const looks = looksOf(dossier.subject, plan);
  const lists = dossier.signatures
    .filter((entry) => looks.some(({ about, place }) => about === entry.about && place.key === entry.source))
    .map((entry) => listStaleAt(entry.content, ages));
  const leaves = dossier.subject.leaves.map((leaf) => bytesStaleAt(leaf.manifest));
  const contents = dossier.leaves.flatMap((leaf) => [
    bytesStaleAt(leaf.config),
    ...leaf.layers.map((layer) => bytesStaleAt(layer.content)),
    ...(plan.bases ? [basesStaleAt(leaf.bases, ages)] : []),
  ]);
  return earliest(...lists, ...leaves, ...contents);
}
