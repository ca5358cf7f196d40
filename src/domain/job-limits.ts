import type { Priority } from "./job.ts";

/** Bounds of a queue, the same in every world. Times in milliseconds. */
export type JobLimits = {
  /** Jobs that may wait; more are refused with `too-many`. */
  readonly maxBacklog: number;
  /** Attempts that end in `retry` before the job has failed. */
  readonly maxAttempts: number;
  /** Processes that may die with the job before it is taken for the cause. */
  readonly maxCrashes: number;
  readonly backoffBaseMs: number;
  readonly backoffCapMs: number;
  /** An attempt that takes longer is aborted and counts as one that ended in `retry`. */
  readonly attemptTimeoutMs: number;
  /** How long, and how many, finished jobs are remembered. */
  readonly finishedAgeMs: number;
  readonly finishedEntries: number;
};

/**
 * Three crashes: a job that kills its process is rid of soon, while one that merely ran beside it is given another chance.
 * The longest back-off is a minute, so that a registry's short outage costs no more than that.
 */
export const DEFAULT_JOB_LIMITS: JobLimits = {
  maxBacklog: 200_000,
  maxAttempts: 5,
  maxCrashes: 3,
  backoffBaseMs: 1000,
  backoffCapMs: 60_000,
  attemptTimeoutMs: 15 * 60_000,
  finishedAgeMs: 24 * 3_600_000,
  finishedEntries: 20_000,
};

/** A registry may ask for a pause, but not for ever. */
const MAX_ASKED_PAUSE_MS = 10 * 60_000;

/**
 * Milliseconds until the attempt after this one (counted from 1): what the world asked for, or doubling from the base with
 * half of it random, so that jobs that failed together do not return together. `random` is in [0, 1).
 */
export function backoffMs(limits: JobLimits, attempt: number, askedMs: number | undefined, random: number): number {
  if (askedMs !== undefined) return Math.min(Math.max(askedMs, 0), MAX_ASKED_PAUSE_MS);
  const full = Math.min(limits.backoffBaseMs * 2 ** (attempt - 1), limits.backoffCapMs);
  return Math.round(full / 2 + (full / 2) * random);
}

/** Jobs of this urgency that the backlog may hold: its last tenth is kept from scans, so that they cannot shut others out. */
export function backlogFor(limits: JobLimits, priority: Priority): number {
  return priority === "scan" ? Math.ceil(limits.maxBacklog * 0.9) : limits.maxBacklog;
}
