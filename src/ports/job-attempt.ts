import { PortError } from "../domain/errors.ts";
import type { JobRecord } from "../domain/job.ts";
import type { JobHandler, JobOutcome } from "./job-queue.ts";

/**
 * One attempt at a job, for every queue: whatever the handler does, there is an outcome. One that hangs loses its slot
 * after `timeoutMs`, or at once when `signal` fires. Never rejects.
 */
export async function attemptJob(
  handler: JobHandler,
  record: JobRecord,
  signal: AbortSignal,
  timeoutMs: number,
): Promise<JobOutcome> {
  const stop = new AbortController();
  const stopped = Promise.withResolvers<JobOutcome>();
  const end = (code: string, message: string): void => {
    stopped.resolve({ kind: "retry", code, message, afterMs: undefined });
    stop.abort(new Error(message));
  };
  const onAbort = (): void => end("aborted", "the attempt was broken off");
  if (signal.aborted) onAbort();
  signal.addEventListener("abort", onAbort);
  const timer = setTimeout(() => end("timeout", `took longer than ${timeoutMs} ms`), timeoutMs);
  try {
    return await Promise.race([handler(record, stop.signal), stopped.promise]);
  } catch (error) {
    return outcomeOf(error);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", onAbort);
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
