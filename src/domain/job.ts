import type { Brand } from "./brand.ts";
import type { Digest } from "./digest.ts";
import type { Instant } from "./instant.ts";

export type JobId = Brand<string, "JobId">;

/** Lower number first. Admission waits on a person or a node, a scan on nobody. */
export const PRIORITIES = { admission: 1, interactive: 5, normal: 10, scan: 100 } as const;
export type Priority = keyof typeof PRIORITIES;

/** What is to be done. It names an image and nothing else: a job can never carry a decision. */
export type Job = { readonly kind: "verify"; readonly image: string };

export type JobProblem = { readonly code: string; readonly message: string };

/** Where a job stands. A verdict is looked up by its id in the sealed verdict store, never read from the queue. */
export type JobState =
  | { readonly kind: "waiting" }
  | { readonly kind: "active"; readonly attempt: number }
  | { readonly kind: "retrying"; readonly attempt: number; readonly notBefore: Instant; readonly problem: JobProblem }
  | { readonly kind: "done"; readonly verdict: Digest; readonly at: Instant }
  | { readonly kind: "failed"; readonly problem: JobProblem; readonly at: Instant };

export type JobRecord = {
  readonly id: JobId;
  readonly job: Job;
  readonly priority: Priority;
  readonly submittedAt: Instant;
  readonly state: JobState;
};

/** Whether the job will never change again. */
export function isTerminal(state: JobState): boolean {
  return state.kind === "done" || state.kind === "failed";
}

export function isMoreUrgent(a: Priority, b: Priority): boolean {
  return PRIORITIES[a] < PRIORITIES[b];
}

/** The name of a stored number; one we do not know is the least urgent. */
export function priorityOf(rank: number): Priority {
  const names = Object.keys(PRIORITIES) as Priority[];
  return names.find((name) => PRIORITIES[name] === rank) ?? "scan";
}
