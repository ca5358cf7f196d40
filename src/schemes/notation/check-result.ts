import type { Opinion } from "../../domain/facts.ts";
import type { Gap } from "../../domain/gap.ts";
import { earliest, latest, type Instant } from "../../domain/instant.ts";
import type { RejectionReason, Step } from "../../domain/facts.ts";
import type { NotationCheck } from "../../domain/trust.ts";
import { outcomeNote } from "./outcome-note.ts";
import type { Statement } from "./statement.ts";

/** When a signature counts as far as one check is concerned; there is no clock here, so the time of judging is left open. */
export type Period = {
  readonly notBefore: Instant | undefined;
  readonly notAfter: Instant | undefined;
  readonly signedAt: readonly Instant[];
  readonly notes: readonly string[];
};

const ALWAYS: Period = { notBefore: undefined, notAfter: undefined, signedAt: [], notes: [] };

/** What one check of a trust policy found. */
export type CheckResult =
  | { readonly kind: "holds"; readonly period: Period }
  | { readonly kind: "fails"; readonly step: Step; readonly reason: RejectionReason; readonly detail: string }
  | { readonly kind: "unknown"; readonly step: Step; readonly gap: Gap };

export function holds(period: Partial<Period> = {}): CheckResult {
  return { kind: "holds", period: { ...ALWAYS, ...period } };
}

export function fails(step: Step, reason: RejectionReason, detail: string): CheckResult {
  return { kind: "fails", step, reason, detail };
}

/** One check that the statement does not skip, with its result. */
export type Checked = { readonly check: NotationCheck; readonly result: CheckResult };

type Verified = Extract<Opinion, { readonly kind: "verified" }>;
type Negative = Exclude<Opinion, Verified>;

/**
 * All results of one signature by what the statement makes of each: an enforced failure rejects, what could not be told
 * leaves undetermined what nothing rejects, and what is only logged is a note. `signers` are those it then counts for.
 */
export function opinionOf(
  checks: readonly Checked[],
  { actions }: Statement,
  signers: Verified["signers"],
): Verified | Negative {
  const enforced = checks.filter(({ check }) => actions[check] === "enforce");
  const [signer] = signers;
  for (const { result } of enforced) {
    if (result.kind !== "fails") continue;
    const { step, reason, detail } = result;
    return { kind: "rejected", step, reason, detail, signer };
  }
  for (const { result } of enforced) {
    if (result.kind === "unknown") return { kind: "undetermined", gap: result.gap, step: result.step, signer };
  }
  const periods = enforced.flatMap(({ result }) => (result.kind === "holds" ? [result.period] : []));
  const logged = checks.filter(({ check }) => actions[check] === "log").flatMap(outcomeNote);
  return {
    kind: "verified",
    signers,
    notBefore: latest(...periods.map(({ notBefore }) => notBefore)),
    notAfter: earliest(...periods.map(({ notAfter }) => notAfter)),
    signedAt: [...new Set(checks.flatMap(({ result }) => (result.kind === "holds" ? result.period.signedAt : [])))],
    notes: [...periods.flatMap(({ notes }) => notes), ...logged],
  };
}
