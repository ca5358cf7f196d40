import type { ImagePattern, PolicySet } from "../domain/policy.ts";

/** The repositories that the policies in force name as bases to build on; none until a rule names some. */
export function basePatternsOf(_set: PolicySet): readonly ImagePattern[] {
  return [];
}
