import { joinNeeds, NO_NEEDS, type Needs } from "../domain/needs.ts";
import type { Policy } from "../domain/policy.ts";
import { needsOfRule } from "./rules/index.ts";

/** What must be collected before these policies can be judged, by rules of any enforcement, those inside `anyOf` too. */
export function needsOf(policies: readonly Policy[]): Needs {
  return policies.flatMap(({ rules }) => rules.map(({ rule }) => needsOfRule(rule))).reduce(joinNeeds, NO_NEEDS);
}
