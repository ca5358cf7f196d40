import type { Digest } from "../domain/digest.ts";
import type { Job, JobId, JobRecord, Priority } from "../domain/job.ts";

export type JobOutcome =
  | { readonly kind: "done"; readonly verdict: Digest }
  | { readonly kind: "retry"; readonly code: string; readonly message: string; readonly afterMs: number | undefined }
  | { readonly kind: "failed"; readonly code: string; readonly message: string };

export type JobHandler = (record: JobRecord, signal: AbortSignal) => Promise<JobOutcome>;

export type QueueCounts = {
  readonly waiting: number;
  readonly active: number;
  readonly delayed: number;
  readonly done: number;
  readonly failed: number;
};

/** A running set of job slots. `close` takes no new job, lets running ones finish for `graceMs`, then hands the rest back. */
export interface JobWorker {
  close(graceMs: number): Promise<void>;
}

/**
 * A durable queue: an accepted job reaches a terminal state once, whatever process dies. Jobs may run twice, so handlers
 * are idempotent. Throws `PortError` (`store-unavailable`, `too-many` when the queue is full).
 */
export interface JobQueue {
  /** The same `key` while a job is waiting or active gives that job again, raised to the more urgent priority. */
  enqueue(job: Job, options: { readonly key: string; readonly priority: Priority }): Promise<JobRecord>;
  enqueueMany(
    jobs: readonly { readonly job: Job; readonly key: string; readonly priority: Priority }[],
  ): Promise<readonly JobRecord[]>;
  find(id: JobId): Promise<JobRecord | undefined>;
  /** Resolves when the job is terminal, or with its present state when the signal fires. */
  wait(id: JobId, signal: AbortSignal): Promise<JobRecord | undefined>;
  /** Each change of state, ending after the terminal one. One that is left before it could be read is not shown. */
  watch(id: JobId, signal: AbortSignal): AsyncIterable<JobRecord>;
  work(handler: JobHandler, options: { readonly concurrency: number }): Promise<JobWorker>;
  counts(): Promise<QueueCounts>;
  ping(): Promise<void>;
  close(): Promise<void>;
}
