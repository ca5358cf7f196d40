import type { SourceKey } from "../domain/evidence.ts";
import type { Needs } from "../domain/needs.ts";
import { couldStartOn, type Platform } from "../domain/platform.ts";
import type { Policy } from "../domain/policy.ts";
import type { Authority, AuthorityName, AuthoritySpec } from "../domain/trust.ts";
import { needsOf } from "../policy/needs.ts";
import type { EvidenceScheme, Place, Schemes } from "../schemes/scheme.ts";

/** What is to be collected: the policies' needs, turned into places to look. A value, so that nothing flows back. */
export type Plan = {
  readonly places: readonly Place[];
  /** Where signatures are looked for by which attesters vouch for statements that nobody signed. */
  readonly vouchers: readonly Place[];
  /** What rules ask of statements. */
  readonly statements: Needs["statements"];
  readonly layers: Needs["layers"];
  /** Platforms whose content is asked about; empty means all. */
  readonly platforms: readonly string[];
  /** Whether the catalogue of base images is asked. */
  readonly bases: boolean;
};

/** The places where any scheme that serves a needed authority keeps signatures, and how deep content must be read. */
export function planOf(policies: readonly Policy[], authorities: readonly Authority[], schemes: Schemes): Plan {
  const needs = needsOf(policies);
  const needed = (names: readonly AuthorityName[]): readonly Authority[] =>
    authorities.filter(({ name }) => names.includes(name));
  const attesters = needed(needs.attesters);
  const places = [
    ...needed(needs.authorities).flatMap(({ spec }) => placesOf(spec, schemes.signatures)),
    ...attesters.flatMap(({ spec }) => placesOf(spec, schemes.attestations)),
  ];
  const vouchers = attesters.flatMap(({ spec }) => placesOf(spec, schemes.signatures));
  const { layers, statements, bases } = needs;
  const platforms = platformsOf(policies);
  return { places: distinct(places), vouchers: distinct(vouchers), statements, layers, platforms, bases };
}

/** Where evidence for one authority may be, over all schemes that serve it. */
function placesOf(spec: AuthoritySpec, schemes: readonly EvidenceScheme[]): readonly Place[] {
  return schemes.flatMap((scheme) => scheme.placesOf(spec));
}

export function sourcesOf(spec: AuthoritySpec, schemes: readonly EvidenceScheme[]): readonly SourceKey[] {
  return placesOf(spec, schemes).map(({ key }) => key);
}

/** Everything there is to know, whatever the policies ask: every place of every scheme, every layer, every base image. */
export function fullPlan(authorities: readonly Authority[], schemes: Schemes): Plan {
  const all: readonly EvidenceScheme[] = [...schemes.signatures, ...schemes.attestations];
  const everyPlace = (of: readonly EvidenceScheme[]): readonly Place[] =>
    distinct([...of.flatMap((scheme) => scheme.places), ...authorities.flatMap(({ spec }) => placesOf(spec, of))]);
  const vouchers = everyPlace(schemes.signatures);
  return { places: everyPlace(all), vouchers, statements: [], layers: "always", platforms: [], bases: true };
}

function distinct(places: readonly Place[]): readonly Place[] {
  const byKey = new Map(places.map((place) => [place.key, place]));
  return [...byKey.values()].sort((a, b) => (a.key < b.key ? -1 : 1));
}

function platformsOf(policies: readonly Policy[]): readonly string[] {
  if (policies.length === 0 || policies.some((policy) => policy.platforms.only.length === 0)) return [];
  return [...new Set(policies.flatMap((policy) => policy.platforms.only))].sort();
}

/** An unknown platform is always included: not looking is only for what is certainly not asked about. */
export function isPlanned(
  plan: Plan,
  platform: Platform | undefined,
  declared: readonly (Platform | undefined)[],
): boolean {
  return (
    platform === undefined ||
    plan.platforms.length === 0 ||
    plan.platforms.some((name) => couldStartOn(platform, name, declared))
  );
}
