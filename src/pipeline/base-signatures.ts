import { addressOf } from "../crypto/digest-of.ts";
import { baseName, type CatalogueEntry } from "../domain/base-image.ts";
import type { Dossier } from "../domain/evidence.ts";
import type { ImageFacts } from "../domain/facts.ts";
import type { Observation } from "../domain/gap.ts";
import type { Instant } from "../domain/instant.ts";
import type { Policy } from "../domain/policy.ts";
import type { ImageReference } from "../domain/reference.ts";
import type { Subject } from "../domain/subject.ts";
import type { Authority } from "../domain/trust.ts";
import { needsOf } from "../policy/needs.ts";
import type { Schemes } from "../schemes/scheme.ts";
import { areListsCollected } from "./coverage.ts";
import { dossierFreshUntil, listStaleAt, type MaxAges } from "./freshness.ts";
import { lapsedLists } from "./lapsed.ts";
import { planOf, type Plan } from "./plan.ts";

type Entry = Pick<CatalogueEntry, "repository" | "digest" | "index">;

/** A base image whose signatures were examined, or why they could not be. */
export type VerifiedBase = {
  /** From `baseName`. */
  readonly name: string;
  readonly facts: ImageFacts;
  readonly freshUntil: Instant | undefined;
};

/** Where signatures of base images are looked for; their content is not, and never what they were built on themselves. */
export function basePlanOf(policies: readonly Policy[], authorities: readonly Authority[], schemes: Schemes): Plan {
  const { baseSigners } = needsOf(policies);
  const places = authorities
    .filter(({ name }) => baseSigners.includes(name))
    .flatMap(({ spec }) => schemes.signatures.flatMap((scheme) => scheme.placesOf(spec)));
  const nothing = planOf([], authorities, schemes);
  return { ...nothing, places: [...new Map(places.map((place) => [place.key, place])).values()] };
}

/** A base image is asked for by digest, whatever tags it has or had. */
export function referenceOf({ repository, digest }: Entry): Extract<ImageReference, { readonly kind: "digest" }> {
  return { kind: "digest", repository, digest, tag: undefined };
}

/** The subject together with the index that the catalogue reached it through, on which its signature may be. */
export function withIndex(subject: Subject, { index }: Entry): Subject {
  if (index === undefined || subject.containedIn.includes(index)) return subject;
  return { ...subject, containedIn: [...subject.containedIn, index] };
}

type Seen = { readonly dossier: Dossier; readonly facts: ImageFacts };

export function verifiedBase(entry: Entry, { dossier, facts }: Seen, plan: Plan, ages: MaxAges): VerifiedBase {
  return { name: baseName(entry), facts, freshUntil: dossierFreshUntil(dossier, plan, ages) };
}

/** One that could not even be found: nothing is known of its signatures, anywhere. */
export function unseenBase(
  entry: Entry,
  seen: Extract<Observation<never>, { readonly kind: "gap" }>,
  plan: Plan,
  ages: MaxAges,
): VerifiedBase {
  const name = baseName(entry);
  const { digest, index, repository } = entry;
  const abouts = index === undefined ? [digest] : [digest, index];
  const state = { kind: "gap", gap: seen.gap } as const;
  const facts: ImageFacts = {
    id: addressOf("facts", { base: name, places: plan.places.map(({ key }) => key), gap: seen.gap.code }),
    repository,
    digest,
    shape: "image",
    containedIn: [],
    signatures: [],
    attestations: [],
    sources: abouts.flatMap((about) => plan.places.map(({ key }) => ({ about, source: key, state }))),
    platforms: [],
  };
  return { name, facts, freshUntil: listStaleAt(seen, ages) };
}

/** Whether what is stored of a base image answers for its signatures without another look. */
export function isBaseCovered({ dossier, facts }: Seen, plan: Plan, ages: MaxAges, now: Instant): boolean {
  const staleAt = dossierFreshUntil(dossier, plan, ages);
  return (
    areListsCollected(dossier, plan) &&
    (staleAt === undefined || now < staleAt) &&
    lapsedLists(dossier, facts, now).length === 0
  );
}
