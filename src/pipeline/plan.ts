import type { SourceKey } from "../domain/evidence.ts";
import type { Needs } from "../domain/needs.ts";
import { couldStartOn, type Platform } from "../domain/platform.ts";
import type { Policy } from "../domain/policy.ts";
import type { Authority, AuthoritySpec } from "../domain/trust.ts";
import { needsOf } from "../policy/needs.ts";
import type { SignatureScheme } from "../schemes/scheme.ts";

/** What is to be collected: the policies' needs, turned into places to look. A value, so that nothing flows back. */
export type Plan = {
  readonly sources: readonly SourceKey[];
  readonly layers: Needs["layers"];
  /** Platforms whose content is asked about; empty means all. */
  readonly platforms: readonly string[];
};

/** The places where any scheme that serves a needed authority keeps signatures, and how deep content must be read. */
export function planOf(
  policies: readonly Policy[],
  authorities: readonly Authority[],
  schemes: readonly SignatureScheme[],
): Plan {
  const needs = needsOf(policies);
  const needed = authorities.filter((authority) => needs.authorities.includes(authority.name));
  const sources = needed.flatMap((authority) => sourcesOf(authority.spec, schemes));
  return { sources: distinct(sources), layers: needs.layers, platforms: platformsOf(policies) };
}

/** Where signatures for one authority may be, over all schemes that serve it. */
export function sourcesOf(spec: AuthoritySpec, schemes: readonly SignatureScheme[]): readonly SourceKey[] {
  return schemes.flatMap((scheme) => scheme.sources(spec));
}

/** Everything there is to know, whatever the policies ask: every place of every scheme, every layer. */
export function fullPlan(authorities: readonly Authority[], schemes: readonly SignatureScheme[]): Plan {
  const configured = authorities.flatMap((authority) => sourcesOf(authority.spec, schemes));
  const sources = distinct([...schemes.flatMap((scheme) => scheme.places), ...configured]);
  return { sources, layers: "always", platforms: [] };
}

function distinct(sources: readonly SourceKey[]): readonly SourceKey[] {
  return [...new Set(sources)].sort();
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
