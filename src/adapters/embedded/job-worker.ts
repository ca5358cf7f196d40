import { setTimeout as sleep } from "node:timers/promises";

import type { Digest } from "../../domain/digest.ts";
import { backoffMs, type JobLimits } from "../../domain/job-limits.ts";
import type { JobId } from "../../domain/job.ts";
import { attemptJob } from "../../ports/job-attempt.ts";
import type { JobHandler, JobOutcome, JobWorker } from "../../ports/job-queue.ts";
import { FORGED, type ReadJob } from "./job-row.ts";
import type { JobEnd, JobRow, JobTable } from "./job-table.ts";

/** What a worker needs of its queue. Times in milliseconds since 1970. */
export type WorkerHome = {
  readonly table: JobTable;
  readonly limits: JobLimits;
  readonly now: () => number;
  readonly read: (row: JobRow) => ReadJob;
  /** How the verdict of a job that is done is written. */
  readonly seal: (id: JobId, verdict: Digest) => string;
  readonly changed: (id: JobId) => void;
  /** A job went back and is anyone's. */
  readonly offer: () => void;
  /** Called when there may be work. Returns the way to stop. */
  readonly onWork: (listener: () => void) => () => void;
};

/** How soon the database is asked again after it refused. */
const REFUSED_PAUSE_MS = 500;
/** A timer cannot be set further ahead; the pause is then looked at again. */
const MAX_TIMER_MS = 60_000;

type Running = { readonly abort: AbortController; readonly written: PromiseWithResolvers<void> };

/**
 * Job slots over one table. In one turn of the event loop it writes all ends that came and claims for all slots that are
 * free, the most urgent first; else it sleeps until told or until a pause ends.
 */
export class EmbeddedJobWorker implements JobWorker {
  readonly #home: WorkerHome;
  readonly #handler: JobHandler;
  readonly #slots: number;
  readonly #running = new Map<JobId, Running>();
  readonly #ends = new Map<JobId, JobEnd>();
  readonly #unsubscribe: () => void;
  #timer: NodeJS.Timeout | undefined;
  #planned = false;
  #closing = false;

  constructor(home: WorkerHome, handler: JobHandler, slots: number) {
    this.#home = home;
    this.#handler = handler;
    this.#slots = slots;
    this.#unsubscribe = home.onWork(() => this.#plan());
    this.#plan();
  }

  async close(graceMs: number): Promise<void> {
    this.#closing = true;
    this.#unsubscribe();
    const all = Promise.all([...this.#running.values()].map(({ written }) => written.promise));
    const patience = new AbortController();
    await Promise.race([all, sleep(graceMs, undefined, { signal: patience.signal }).catch(() => {})]);
    patience.abort();
    clearTimeout(this.#timer);
    for (const [id, running] of this.#running) this.#handBack(id, running);
  }

  #handBack(id: JobId, running: Running): void {
    this.#running.delete(id);
    running.abort.abort(new Error("the worker is closing"));
    try {
      this.#home.table.handBack(id);
    } catch {
      // It then waits again when the file is next opened, as if the process had died.
      return;
    }
    this.#home.changed(id);
    this.#home.offer();
  }

  #plan(): void {
    if (this.#planned) return;
    this.#planned = true;
    setImmediate(() => {
      this.#planned = false;
      this.#turn();
    });
  }

  #turn(): void {
    try {
      this.#writeEnds();
      this.#fill();
    } catch {
      // The database is full or gone. Jobs and ends stay where they are; readiness shows the same error to people.
      this.#setTimer(this.#home.now() + REFUSED_PAUSE_MS);
    }
  }

  #writeEnds(): void {
    const ends = [...this.#ends].filter(([id]) => this.#running.has(id));
    this.#home.table.end(ends);
    this.#ends.clear();
    for (const [id] of ends) {
      this.#running.get(id)?.written.resolve();
      this.#running.delete(id);
      this.#home.changed(id);
    }
  }

  #fill(): void {
    const free = this.#slots - this.#running.size;
    if (this.#closing || free <= 0) return;
    for (const row of this.#home.table.claim(free, this.#home.now())) this.#start(row);
    this.#setTimer(this.#home.table.nextDue());
  }

  #setTimer(due: number | undefined): void {
    clearTimeout(this.#timer);
    if (due === undefined) return;
    const delay = Math.min(Math.max(due - this.#home.now(), 1), MAX_TIMER_MS);
    this.#timer = setTimeout(() => this.#plan(), delay);
    this.#timer.unref();
  }

  #start(row: JobRow): void {
    const { record, kind } = this.#home.read(row);
    const abort = new AbortController();
    this.#running.set(record.id, { abort, written: Promise.withResolvers<void>() });
    this.#home.changed(record.id);
    const outcome =
      kind === "forged"
        ? Promise.resolve<JobOutcome>({ kind: "failed", ...FORGED })
        : attemptJob(this.#handler, record, abort.signal, this.#home.limits.attemptTimeoutMs);
    void outcome.then((result) => {
      this.#ends.set(record.id, this.#endOf(record.id, result, Number(row["attempt"])));
      this.#plan();
    });
  }

  #endOf(id: JobId, outcome: JobOutcome, attempt: number): JobEnd {
    const { limits, now, seal } = this.#home;
    if (outcome.kind === "done") return { kind: "done", verdict: seal(id, outcome.verdict), at: now() };
    const problem = { code: outcome.code, message: outcome.message };
    if (outcome.kind === "failed" || attempt >= limits.maxAttempts) return { kind: "failed", problem, at: now() };
    const pause = backoffMs(limits, attempt, outcome.afterMs, Math.random());
    return { kind: "retrying", problem, notBefore: now() + pause };
  }
}
