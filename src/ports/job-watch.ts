import { PortError } from "../domain/errors.ts";
import { isTerminal, type JobId, type JobRecord } from "../domain/job.ts";

/** What is needed to follow a job: its present state, and a call whenever that may have changed. */
export type JobChanges = {
  readonly find: (id: JobId) => Promise<JobRecord | undefined>;
  /** Returns the way to stop. */
  readonly subscribe: (id: JobId, listener: () => void) => () => void;
  /** Looks again after so long without a call, where calls can be lost; `undefined` where they cannot. */
  readonly pollMs: number | undefined;
};

/**
 * `JobQueue.watch` for every queue. A state that is left before it was read is not shown. Once the job was seen, a store
 * that does not answer for a while only delays what is seen next.
 */
export async function* watchJob(changes: JobChanges, id: JobId, signal: AbortSignal): AsyncGenerator<JobRecord> {
  const bell = new Bell();
  const unsubscribe = changes.subscribe(id, () => bell.ring());
  const onAbort = (): void => bell.ring();
  signal.addEventListener("abort", onAbort);
  let shown: string | undefined;
  try {
    for (;;) {
      const rung = bell.next(changes.pollMs);
      const record = await look(changes, id, shown !== undefined);
      if (record === undefined) return;
      if (record !== "later") {
        const state = JSON.stringify(record.state);
        if (state !== shown) yield record;
        shown = state;
        if (isTerminal(record.state)) return;
      }
      if (signal.aborted) return;
      await rung;
    }
  } finally {
    bell.ring();
    unsubscribe();
    signal.removeEventListener("abort", onAbort);
  }
}

/** Only where we look again by ourselves can an outage be waited out. */
async function look(changes: JobChanges, id: JobId, seen: boolean): Promise<JobRecord | "later" | undefined> {
  try {
    return await changes.find(id);
  } catch (error) {
    if (seen && changes.pollMs !== undefined && error instanceof PortError && error.retryable) return "later";
    throw error;
  }
}

/** `JobQueue.wait` for every queue. */
export async function waitForJob(changes: JobChanges, id: JobId, signal: AbortSignal): Promise<JobRecord | undefined> {
  let last: JobRecord | undefined;
  for await (const record of watchJob(changes, id, signal)) last = record;
  return last;
}

/** Armed before the state is read, so that a change between reading and waiting is not missed. */
class Bell {
  #ring: () => void = () => {};

  ring(): void {
    this.#ring();
  }

  next(pollMs: number | undefined): Promise<void> {
    return new Promise((resolve) => {
      // Spread out, so that many who wait do not all look in the same moment.
      const timer = pollMs === undefined ? undefined : setTimeout(resolve, pollMs * (0.75 + Math.random() / 2));
      this.#ring = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}
