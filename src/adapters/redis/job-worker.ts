import { setTimeout as sleep } from "node:timers/promises";

import type { Worker } from "bullmq";

import type { Digest } from "../../domain/digest.ts";
import type { JobLimits } from "../../domain/job-limits.ts";
import type { JobId } from "../../domain/job.ts";
import { attemptJob } from "../../ports/job-attempt.ts";
import type { JobHandler, JobOutcome, JobWorker } from "../../ports/job-queue.ts";
import { FORGED, type ReadJob, type StoredJob } from "./bull-job.ts";
import { endJob } from "./job-end.ts";

export type Processor = (job: StoredJob, token: string | undefined, signal: AbortSignal | undefined) => Promise<string>;

/** What a worker needs of its queue. */
export type WorkerHome = {
  readonly limits: JobLimits;
  readonly read: (job: StoredJob) => ReadJob;
  /** How the end of a job is written. */
  readonly seal: (id: JobId, verdict: Digest) => string;
  /** A BullMQ worker with connections of its own. */
  readonly build: (processor: Processor) => Worker;
  /** Jobs that could be started now; throws while Redis is away. */
  readonly ready: () => Promise<number>;
  readonly watchdogMs: number;
};

/** Looks in a row that found jobs ready, slots free and nothing started, before the worker is taken for wedged. */
const PATIENCE = 3;
const CLOSE_MS = 3000;

type HandedBack = { readonly kind: "handed-back" };

/**
 * Job slots over a BullMQ worker. After some losses of the connection a BullMQ worker can be alive and take nothing
 * (taskforcesh/bullmq#3088, #3185), so it is watched and replaced.
 */
export class RedisJobWorker implements JobWorker {
  readonly #home: WorkerHome;
  readonly #handler: JobHandler;
  readonly #slots: number;
  readonly #running = new Map<StoredJob, { readonly handBack: () => void; readonly ended: Promise<unknown> }>();
  readonly #watchdog: NodeJS.Timeout;
  #worker: Worker;
  #started = 0;
  #seenStarted = 0;
  #suspicions = 0;
  #closing = false;

  constructor(home: WorkerHome, handler: JobHandler, slots: number) {
    this.#home = home;
    this.#handler = handler;
    this.#slots = slots;
    this.#worker = this.#build();
    this.#watchdog = setInterval(() => void this.#look(), home.watchdogMs);
    this.#watchdog.unref();
  }

  async close(graceMs: number): Promise<void> {
    if (this.#closing) return;
    this.#closing = true;
    clearInterval(this.#watchdog);
    await this.#worker.pause(true);
    const patience = new AbortController();
    const all = Promise.allSettled([...this.#running.values()].map(({ ended }) => ended));
    await Promise.race([all, sleep(graceMs, undefined, { signal: patience.signal }).catch(() => {})]);
    patience.abort();
    for (const { handBack } of this.#running.values()) handBack();
    await closeWithin(this.#worker, CLOSE_MS);
  }

  #build(): Worker {
    // BullMQ gives a signal only to a function that declares three parameters.
    return this.#home.build((job, token, signal) => this.#process(job, token, signal));
  }

  async #process(job: StoredJob, token: string | undefined, lost: AbortSignal | undefined): Promise<string> {
    this.#started += 1;
    const read = this.#home.read(job);
    const seal = (verdict: Digest): string => this.#home.seal(read.record.id, verdict);
    if (read.kind === "forged") return endJob({ kind: "failed", ...FORGED }, seal);
    const returned = Promise.withResolvers<HandedBack>();
    const abort = new AbortController();
    const handBack = (): void => {
      returned.resolve({ kind: "handed-back" });
      abort.abort(new Error("the worker is closing"));
    };
    if (this.#closing) handBack();
    const signal = lost === undefined ? abort.signal : AbortSignal.any([abort.signal, lost]);
    const attempt = this.#closing
      ? returned.promise
      : attemptJob(this.#handler, read.record, signal, this.#home.limits.attemptTimeoutMs);
    const ended = Promise.race<JobOutcome | HandedBack>([attempt, returned.promise]);
    this.#running.set(job, { handBack, ended });
    const outcome = await ended;
    this.#running.delete(job);
    // Where Redis is away, the job stays active until its lock falls, and is then taken for one of a dead worker.
    if (outcome.kind === "handed-back") await job.moveToWait(token).catch(() => {});
    return endJob(outcome, seal);
  }

  async #look(): Promise<void> {
    const idle = this.#started === this.#seenStarted && this.#running.size < this.#slots;
    this.#seenStarted = this.#started;
    const ready = await this.#home.ready().catch(() => 0);
    this.#suspicions = idle && ready > 0 ? this.#suspicions + 1 : 0;
    if (this.#suspicions < PATIENCE || this.#closing) return;
    this.#suspicions = 0;
    const wedged = this.#worker;
    this.#worker = this.#build();
    await closeWithin(wedged, CLOSE_MS);
  }
}

/** BullMQ waits for Redis when it closes; ours gives up and cuts the connections. */
async function closeWithin(worker: Worker, millis: number): Promise<void> {
  const patience = new AbortController();
  const late = sleep(millis, "late" as const, { signal: patience.signal }).catch(() => {});
  const closed = worker.close().catch(() => {});
  if ((await Promise.race([closed, late])) === "late")
    await Promise.race([worker.disconnect().catch(() => {}), sleep(millis)]);
  patience.abort();
}
