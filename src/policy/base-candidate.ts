import { baseName, type BaseFact, type ProtectedChange } from "../domain/base-image.ts";
import type { ImageFacts } from "../domain/facts.ts";
import type { BaseRule, Policy, Rule } from "../domain/policy.ts";
import { matchesPattern } from "./pattern.ts";

type FoundBase = Extract<BaseFact, { readonly kind: "found" }>;
export type FoundCandidate = FoundBase["candidates"][number];

/** `gcr.io/distroless/static@sha256:… (3 of 5 layers)`: the nearest of those an image is built on, or `unknown`. */
export function describeBase(base: BaseFact, layers: number): string {
  const nearest = base.kind === "found" ? base.candidates[0] : undefined;
  return nearest === undefined ? "unknown" : describeCandidate(nearest, layers);
}

export function describeCandidate(candidate: FoundCandidate, layers: number): string {
  const share = candidate.isWhole ? "the image itself" : `${candidate.depth} of ${layers} layers`;
  return `${baseName(candidate)} (${share})`;
}

/** Whether a rule allows images of the candidate's repository; the host is compared apart from the path. */
export function isAllowedBase({ oneOf }: BaseRule, { repository }: FoundCandidate): boolean {
  return oneOf.some((pattern) => matchesPattern(pattern, repository));
}

/** What was done to protected things of the base and that the rule does not allow. */
export function forbiddenChanges({ allowChanges }: BaseRule, { changes }: FoundCandidate): readonly ProtectedChange[] {
  return changes.filter(({ thing }) => !allowChanges.includes(thing));
}

/** Each asks another image's signatures to be looked for; what nobody built on so many bases would need. */
const MAX_SIGNED_BASES = 8;

/** The candidates whose signatures decide something, once each: for each rule the deepest `MAX_SIGNED_BASES` a platform. */
export function basesToVerify(policies: readonly Policy[], facts: ImageFacts): readonly FoundCandidate[] {
  const rules = policies.flatMap(({ rules }) => rules.flatMap(({ rule }) => baseRulesIn(rule)));
  const signed = rules.filter(({ signedBy }) => signedBy !== undefined);
  const asked = facts.platforms.flatMap(({ base }) => {
    if (base.kind !== "known" || base.value.kind !== "found") return [];
    const { candidates } = base.value;
    return signed.flatMap((rule) => candidates.filter((one) => isHopeful(rule, one)).slice(0, MAX_SIGNED_BASES));
  });
  return [...new Map(asked.map((candidate) => [baseName(candidate), candidate])).values()];
}

/** Whether nothing but age and signatures could be against it, of which time and another look may change either. */
function isHopeful(rule: BaseRule, candidate: FoundCandidate): boolean {
  return isAllowedBase(rule, candidate) && forbiddenChanges(rule, candidate).length === 0;
}

/** Every `base` rule in a rule, those inside `anyOf` too. */
export function baseRulesIn(rule: Rule): readonly BaseRule[] {
  if (rule.kind === "anyOf") return rule.rules.flatMap(baseRulesIn);
  return rule.kind === "base" ? [rule] : [];
}
