import { PortError } from "../domain/errors.ts";
import type { JobRecord } from "../domain/job.ts";
import type { JobHandler, JobOutcome } from "./job-queue.ts";

/**
 * One attempt at a job, for every queue: whatever the handler does, there is an outcome, and a handler that hangs loses
 * its slot after `timeoutMs`. Never rejects.
 */
export async function attemptJob(
  handler: JobHandler,
  record: JobRecord,
  signal: AbortSignal,
  timeoutMs: number,
): Promise<JobOutcome> {
  const limit = new AbortController();
  const late = Promise.withResolvers<JobOutcome>();
  const timer = setTimeout(() => {
    limit.abort(new PortError("timeout", `job for ${record.job.image}`, `took longer than ${timeoutMs} ms`));
    late.resolve({ kind: "retry", code: "timeout", message: `took longer than ${timeoutMs} ms`, afterMs: undefined });
  }, timeoutMs);
  try {
    return await Promise.race([handler(record, AbortSignal.any([signal, limit.signal])), late.promise]);
  } catch (error) {
    return outcomeOf(error);
  } finally {
    clearTimeout(timer);
  }
}

/** A world that may answer later is asked again; anything else would end the same way. Unknown errors keep their text to themselves. */
function outcomeOf(error: unknown): JobOutcome {
  if (error instanceof PortError && error.retryable) {
    return { kind: "retry", code: error.code, message: error.message, afterMs: error.retryAfterMs };
  }
  if (error instanceof PortError) return { kind: "failed", code: error.code, message: error.message };
  const name = error instanceof Error ? error.name : typeof error;
  return { kind: "failed", code: "internal", message: `the job's handler threw ${name}` };
}
