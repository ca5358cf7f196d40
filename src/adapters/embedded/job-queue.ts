import { randomUUID } from "node:crypto";
import { EventEmitter } from "node:events";

import type { Keyring } from "../../crypto/seal-keys.ts";
import { sealJob, sealJobEnd } from "../../crypto/sealed-job.ts";
import type { SealRefusal } from "../../crypto/sealed-record.ts";
import { PortError } from "../../domain/errors.ts";
import { millisOf } from "../../domain/instant.ts";
import { backlogFor, type JobLimits } from "../../domain/job-limits.ts";
import type { Job, JobId, JobRecord, Priority } from "../../domain/job.ts";
import type { Clock } from "../../ports/clock.ts";
import type { JobHandler, JobQueue, JobWorker, QueueCounts } from "../../ports/job-queue.ts";
import { waitForJob, watchJob, type JobChanges } from "../../ports/job-watch.ts";
import { Batch } from "./batch.ts";
import type { EmbeddedDatabase } from "./database.ts";
import { readJob } from "./job-row.ts";
import { JobTable, type JobRow } from "./job-table.ts";
import { EmbeddedJobWorker, type WorkerHome } from "./job-worker.ts";

export type EmbeddedQueueOptions = {
  readonly keyring: Keyring;
  readonly clock: Clock;
  readonly limits: JobLimits;
  /** A payload in the queue that this service did not seal. */
  readonly onRefused: (id: JobId, why: SealRefusal) => void;
};

type Asked = { readonly job: Job; readonly key: string; readonly priority: Priority };

/**
 * A durable queue in the embedded database. A job counts as accepted once it is on the disk, so that it outlives the
 * machine; later steps outlive only the process, since repeating them does no harm. Jobs that were active in a former
 * process wait again at once.
 */
export function embeddedJobQueue(database: EmbeddedDatabase, options: EmbeddedQueueOptions): JobQueue {
  return new EmbeddedJobQueue(database, options);
}

class EmbeddedJobQueue implements JobQueue {
  readonly #database: EmbeddedDatabase;
  readonly #options: EmbeddedQueueOptions;
  readonly #table: JobTable;
  readonly #events = new EventEmitter().setMaxListeners(0);
  readonly #workers = new Set<JobWorker>();
  readonly #accepting: Batch<Asked, JobRecord>;
  readonly #changes: JobChanges;

  constructor(database: EmbeddedDatabase, options: EmbeddedQueueOptions) {
    this.#database = database;
    this.#options = options;
    this.#table = new JobTable(database, options.limits);
    this.#table.recover(this.#now());
    this.#accepting = new Batch((asked) => this.#accept(asked));
    this.#changes = {
      find: (id) => this.find(id),
      subscribe: (id, listener) => this.#subscribe(id, listener),
      pollMs: undefined,
    };
  }

  async enqueue(job: Job, options: { readonly key: string; readonly priority: Priority }): Promise<JobRecord> {
    return this.#accepting.add({ job, ...options });
  }

  async enqueueMany(jobs: readonly Asked[]): Promise<readonly JobRecord[]> {
    return this.#accept(jobs);
  }

  async find(id: JobId): Promise<JobRecord | undefined> {
    const row = this.#table.find(id);
    return row === undefined ? undefined : this.#read(row).record;
  }

  wait(id: JobId, signal: AbortSignal): Promise<JobRecord | undefined> {
    return waitForJob(this.#changes, id, signal);
  }

  watch(id: JobId, signal: AbortSignal): AsyncIterable<JobRecord> {
    return watchJob(this.#changes, id, signal);
  }

  async work(handler: JobHandler, options: { readonly concurrency: number }): Promise<JobWorker> {
    const home: WorkerHome = {
      table: this.#table,
      limits: this.#options.limits,
      now: () => this.#now(),
      read: (row) => this.#read(row),
      seal: (id, verdict) => sealJobEnd(id, verdict, this.#options.keyring),
      changed: (id) => void this.#events.emit(id),
      offer: () => void this.#events.emit(WORK),
      onWork: (listener) => this.#subscribe(WORK, listener),
    };
    const worker = new EmbeddedJobWorker(home, handler, options.concurrency);
    this.#workers.add(worker);
    return worker;
  }

  async counts(): Promise<QueueCounts> {
    const counts = this.#table.counts();
    return {
      waiting: counts.get("waiting") ?? 0,
      active: counts.get("active") ?? 0,
      delayed: counts.get("retrying") ?? 0,
      done: counts.get("done") ?? 0,
      failed: counts.get("failed") ?? 0,
    };
  }

  async ping(): Promise<void> {
    this.#database.attempt(() => this.#database.statement("SELECT 1").get());
  }

  async close(): Promise<void> {
    for (const worker of this.#workers) await worker.close(0);
    this.#workers.clear();
  }

  /** All of them or none, in one transaction that is on the disk when this returns. */
  #accept(asked: readonly Asked[]): readonly JobRecord[] {
    const records = this.#database.transaction(() => {
      let room: number | undefined;
      return asked.map((one) => {
        const raised = this.#table.raise(one.key, one.priority);
        if (raised !== undefined) return this.#read(raised).record;
        room ??= this.#table.backlog();
        room += 1;
        if (room > backlogFor(this.#options.limits, one.priority)) throw tooMany();
        return this.#insert(one);
      });
    }, "power");
    this.#events.emit(WORK);
    return records;
  }

  #insert({ job, key, priority }: Asked): JobRecord {
    const id = randomUUID() as string as JobId;
    const submittedAt = this.#options.clock.now();
    this.#table.insert({ id, key, priority, sealed: sealJob(id, { job, submittedAt }, this.#options.keyring) });
    return { id, job, priority, submittedAt, state: { kind: "waiting" } };
  }

  #read(row: JobRow): ReturnType<typeof readJob> {
    const read = readJob(row, this.#options.clock.now(), this.#options.keyring);
    if (read.kind === "forged") this.#options.onRefused(read.record.id, read.why);
    return read;
  }

  #subscribe(event: string, listener: () => void): () => void {
    this.#events.on(event, listener);
    return () => void this.#events.off(event, listener);
  }

  #now(): number {
    return millisOf(this.#options.clock.now());
  }
}

/** Not an id: those are UUIDs. */
const WORK = "work";

function tooMany(): PortError {
  return new PortError("too-many", "the job queue", "is full: wait until jobs have finished, or add workers", {
    retryAfterMs: 5000,
  });
}
