import type { ImagePattern, PolicySet } from "../domain/policy.ts";
import { baseRulesIn } from "../policy/base-candidate.ts";

/** The repositories that the policies in force name as bases to build on, by rules inside `anyOf` too. */
export function basePatternsOf({ policies }: PolicySet): readonly ImagePattern[] {
  return policies.flatMap(({ rules }) => rules.flatMap(({ rule }) => baseRulesIn(rule).flatMap(({ oneOf }) => oneOf)));
}
