import type { Finding, Verdict } from "./verdict.ts";

type Judged = Pick<Verdict, "decision"> & {
  readonly findings: readonly Pick<Finding, "outcome" | "enforcement">[];
};

/**
 * Whether an image is denied and nothing is known against it: "could not tell" (exit status 2) is another answer than "no",
 * and one that looking again may change.
 */
export function isOnlyUndetermined({ decision, findings }: Judged): boolean {
  const against = findings.filter(({ outcome, enforcement }) => outcome !== "satisfied" && enforcement === "deny");
  return decision === "deny" && against.length > 0 && against.every(({ outcome }) => outcome === "undetermined");
}
