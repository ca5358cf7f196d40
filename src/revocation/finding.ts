import type { PortCode } from "../domain/errors.ts";
import type { Gap } from "../domain/gap.ts";
import { isBefore, plus, type Instant } from "../domain/instant.ts";
import type { Document } from "../domain/subject.ts";

/** What was brought for one certificate, and what was not. */
export type Finding = { readonly documents: readonly Document[]; readonly gaps: readonly Gap[] };

export const NOTHING_FOUND: Finding = { documents: [], gaps: [] };

export function together(findings: readonly Finding[]): Finding {
  return {
    documents: findings.flatMap(({ documents }) => documents),
    gaps: findings.flatMap(({ gaps }) => gaps),
  };
}

/** Clocks differ by that much without anybody's fault. */
const MAX_SKEW_MS = 5 * 60_000;

type Term = { readonly thisUpdate: Instant; readonly nextUpdate: Instant | undefined };

/** Why an answer is none now; asking again may bring a newer one. */
export function flawOfTerm({ thisUpdate, nextUpdate }: Term, now: Instant): readonly [PortCode, string] | undefined {
  if (isBefore(plus(now, MAX_SKEW_MS), thisUpdate))
    return ["server-error", `the answer is of the future, ${thisUpdate}`];
  if (nextUpdate === undefined) return ["unsupported", "the answer does not say until when it holds"];
  return isBefore(nextUpdate, now) ? ["server-error", `the answer is out of date since ${nextUpdate}`] : undefined;
}
