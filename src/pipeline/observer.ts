import type { Gap } from "../domain/gap.ts";
import type { Verdict } from "../domain/verdict.ts";

/** Told what happens, for logs and metrics; nothing it does changes an answer. */
export type Observer = {
  readonly verdictDecided: (verdict: Verdict, durationMs: number) => void;
  readonly gapSeen: (gap: Gap) => void;
};
