import { askedOf } from "../domain/needs.ts";
import type { Policy, Rule } from "../domain/policy.ts";
import type { Authority, AuthorityName } from "../domain/trust.ts";
import { needsOf } from "./needs.ts";

/** What happens to an image that no policy speaks about: `unsafeUnmatched` in the configuration. */
export type Unmatched = "deny" | "unsafe-allow" | "unsafe-warn";

/** Every option below full strength that these policies bring to a verdict, as the operator spelled it, once each. */
export function weakeningsOf(
  policies: readonly Policy[],
  authorities: ReadonlyMap<AuthorityName, Authority>,
): readonly string[] {
  const named = askedOf(needsOf(policies)).flatMap((name) => authorities.get(name) ?? []);
  return [...new Set([...named.flatMap(ofAuthority), ...policies.flatMap(ofPolicy)])];
}

function ofAuthority({ name, unsafe, enforcement }: Authority): readonly string[] {
  const weak = enforcement === "deny" ? [] : [`enforcement: ${enforcement}`];
  return [...unsafe, ...weak].map((option) => `authority ${name}: ${option}`);
}

function ofPolicy({ name, rules }: Policy): readonly string[] {
  return rules.flatMap(({ rule, enforcement }, at) => {
    const weak = enforcement === "deny" ? [] : [`enforcement: ${enforcement}`];
    return [...weak, ...allowed(rule)].map((option) => `policy ${name}: ${rulePosition(rule, at)}: ${option}`);
  });
}

function allowed(rule: Rule): readonly string[] {
  if (rule.kind === "anyOf") return rule.rules.flatMap(allowed);
  return rule.kind === "unsafeAllow" ? [`unsafeAllow: ${rule.reason}`] : [];
}

/** `rules[0].signed`. */
export function rulePosition(rule: Rule, at: number): string {
  return `rules[${at}].${rule.kind}`;
}

/** How the configuration spells the answer for images without a policy. */
export function weakeningOfUnmatched(unmatched: Exclude<Unmatched, "deny">): string {
  return unmatched === "unsafe-allow" ? "unsafeUnmatched: allow" : "unsafeUnmatched: warn";
}
