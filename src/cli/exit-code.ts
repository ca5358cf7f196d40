import type { InputCode, PortCode } from "../domain/errors.ts";
import { isOnlyUndetermined } from "../domain/undetermined.ts";
import type { Unresolved } from "../pipeline/assay.ts";
import type { ShownVerdict } from "./shown-verdict.ts";

/** What the shell is told. The last two are a service ended by a second signal, as shells count them. */
export const EXIT = { allowed: 0, denied: 1, undetermined: 2, usage: 3, interrupted: 130, terminated: 143 } as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** One image's outcome as every report gets it. */
export type Outcome =
  | {
      readonly kind: "judged";
      readonly verdict: ShownVerdict;
      /** The verdict as the HTTP API gives it. */
      readonly json: unknown;
    }
  | { readonly kind: "unresolved"; readonly image: string; readonly problem: Problem };

export type Problem = { readonly code: string; readonly message: string; readonly retryable: boolean };

/**
 * Answers about the image itself, which looking again would not change. Every other code is of a world that did not
 * answer or cannot be believed, hence "could not tell", as the pipeline treats a gap.
 */
const CONCLUSIVE: readonly (PortCode | InputCode)[] = [
  "not-found",
  "reference",
  "digest",
  "json",
  "manifest",
  "config",
  "layout",
  "conflict",
];

export function unresolved(answer: Omit<Unresolved, "kind">): Outcome {
  const { image, code, message, retryable } = answer;
  return { kind: "unresolved", image, problem: { code, message, retryable } };
}

/** Whether an image is denied only because something could not be seen. */
export function isUndetermined(outcome: Outcome): boolean {
  if (outcome.kind === "unresolved") {
    return outcome.problem.retryable || !CONCLUSIVE.some((code) => code === outcome.problem.code);
  }
  return isOnlyUndetermined(outcome.verdict);
}

function exitCodeOf(outcome: Outcome): ExitCode {
  if (outcome.kind === "judged" && outcome.verdict.decision !== "deny") return EXIT.allowed;
  return isUndetermined(outcome) ? EXIT.undetermined : EXIT.denied;
}

/** One denied image denies them all; otherwise one that could not be judged leaves all undetermined. No image is no answer. */
export function exitCodeOfAll(outcomes: readonly Outcome[]): ExitCode {
  const codes = outcomes.map(exitCodeOf);
  if (codes.length === 0) return EXIT.undetermined;
  if (codes.includes(EXIT.denied)) return EXIT.denied;
  return codes.includes(EXIT.undetermined) ? EXIT.undetermined : EXIT.allowed;
}
