import { hash, randomUUID } from "node:crypto";

import { Queue, Worker, type JobsOptions } from "bullmq";

import type { Keyring } from "../../crypto/seal-keys.ts";
import { sealJob, sealJobEnd } from "../../crypto/sealed-job.ts";
import type { SealRefusal } from "../../crypto/sealed-record.ts";
import { PortError } from "../../domain/errors.ts";
import { instantOf, millisOf } from "../../domain/instant.ts";
import { backlogFor, backoffMs, type JobLimits } from "../../domain/job-limits.ts";
import { isMoreUrgent, PRIORITIES, type Job, type JobId, type JobRecord, type Priority } from "../../domain/job.ts";
import type { Clock } from "../../ports/clock.ts";
import type { JobHandler, JobQueue, JobWorker, QueueCounts } from "../../ports/job-queue.ts";
import { waitForJob, watchJob, type JobChanges } from "../../ports/job-watch.ts";
import { readJob, type BullData, type BullState, type ReadJob, type StoredJob } from "./bull-job.ts";
import { RetryLater } from "./job-end.ts";
import { JobEvents } from "./job-events.ts";
import { RedisJobWorker, type Processor, type WorkerHome } from "./job-worker.ts";
import type { RedisLink } from "./link.ts";
import { assertReady } from "./readiness.ts";

export type RedisQueueOptions = {
  readonly keyring: Keyring;
  readonly clock: Clock;
  readonly limits: JobLimits;
  /** A payload in the queue that this service did not seal. */
  readonly onRefused: (id: JobId, why: SealRefusal) => void;
  /** Errors of background connections; each is followed by a new try. */
  readonly onError: (error: Error) => void;
  /** The first part of every key; `assay` if not given. */
  readonly prefix?: string;
  readonly timing?: QueueTiming;
};

/** Milliseconds until a dead worker's lock falls, between looks for such jobs, and between looks at our own workers. */
type QueueTiming = { readonly lockMs: number; readonly stalledMs: number; readonly watchdogMs: number };

/** A job of a killed worker runs again after at most one lock and two looks: 20 s. */
const DEFAULT_TIMING: QueueTiming = { lockMs: 10_000, stalledMs: 5000, watchdogMs: 5000 };

type Asked = { readonly job: Job; readonly key: string; readonly priority: Priority };
type BullQueue = Queue<BullData, string>;

const NAME = "jobs";
/** Events can be lost while Redis is away, so whoever waits also looks now and then. */
const POLL_MS = 2000;
/** Jobs added at once: some 20 ms of Redis's time. */
const PIECE = 500;
/** BullMQ orders the delayed by time in milliseconds, shifted by twelve bits for a counter. */
const DELAYED_SHIFT = 0x1000;

/**
 * The queue over BullMQ. Redis holds sealed payloads and sealed verdict ids only. A job is accepted once Redis has answered; how
 * much that means is Redis's own setting (`appendfsync always` loses nothing). The link belongs to the caller.
 */
export function redisJobQueue(link: RedisLink, options: RedisQueueOptions): JobQueue {
  return new RedisJobQueue(link, options);
}

class RedisJobQueue implements JobQueue {
  readonly #link: RedisLink;
  readonly #options: RedisQueueOptions;
  readonly #timing: QueueTiming;
  readonly #prefix: string;
  readonly #events: JobEvents;
  readonly #changes: JobChanges;
  readonly #workers = new Set<JobWorker>();
  #queue: BullQueue | undefined;
  /** At least as many as wait: counted once, then only added to until it would refuse someone. */
  #backlog = Number.POSITIVE_INFINITY;

  constructor(link: RedisLink, options: RedisQueueOptions) {
    this.#link = link;
    this.#options = options;
    this.#timing = options.timing ?? DEFAULT_TIMING;
    this.#prefix = options.prefix ?? "assay";
    this.#events = new JobEvents(NAME, this.#connection(), options.onError);
    this.#changes = {
      find: (id) => this.find(id),
      subscribe: (id, listener) => this.#events.subscribe(id, listener),
      pollMs: POLL_MS,
    };
  }

  async enqueue(job: Job, options: { readonly key: string; readonly priority: Priority }): Promise<JobRecord> {
    const [record] = await this.enqueueMany([{ job, ...options }]);
    if (record === undefined) throw new TypeError("BullMQ answered with no job");
    return record;
  }

  /** Not all or none: a lot is added in pieces, each within the time that Redis has for an answer. */
  async enqueueMany(asked: readonly Asked[]): Promise<readonly JobRecord[]> {
    await this.#link.run(async () => this.#assertRoom(await this.#bull(), asked));
    const records: JobRecord[] = [];
    for (let from = 0; from < asked.length; from += PIECE) {
      const piece = asked.slice(from, from + PIECE);
      records.push(...(await this.#link.run(async () => this.#add(await this.#bull(), piece))));
    }
    return records;
  }

  async find(id: JobId): Promise<JobRecord | undefined> {
    return this.#link.run(async () => this.#find(await this.#bull(), id));
  }

  wait(id: JobId, signal: AbortSignal): Promise<JobRecord | undefined> {
    return waitForJob(this.#changes, id, signal);
  }

  watch(id: JobId, signal: AbortSignal): AsyncIterable<JobRecord> {
    return watchJob(this.#changes, id, signal);
  }

  async work(handler: JobHandler, options: { readonly concurrency: number }): Promise<JobWorker> {
    const home: WorkerHome = {
      limits: this.#options.limits,
      watchdogMs: this.#timing.watchdogMs,
      read: (job) => this.#read(job, { name: "active", notBefore: undefined }),
      seal: (id, verdict) => sealJobEnd(id, verdict, this.#options.keyring),
      build: (processor) => this.#buildWorker(processor, options.concurrency),
      ready: () => this.#link.run(async () => this.#startable(await this.#bull())),
    };
    const worker = new RedisJobWorker(home, handler, options.concurrency);
    this.#workers.add(worker);
    return worker;
  }

  async counts(): Promise<QueueCounts> {
    return this.#link.run(async () => {
      const counts = await (await this.#bull()).getJobCounts();
      return {
        waiting: (counts["waiting"] ?? 0) + (counts["prioritized"] ?? 0) + (counts["paused"] ?? 0),
        active: counts["active"] ?? 0,
        delayed: counts["delayed"] ?? 0,
        done: counts["completed"] ?? 0,
        failed: counts["failed"] ?? 0,
      };
    });
  }

  async ping(): Promise<void> {
    await assertReady(this.#link, this.#options.clock);
  }

  async close(): Promise<void> {
    await Promise.all([...this.#workers].map((worker) => worker.close(0)));
    this.#workers.clear();
    await this.#events.close();
    await this.#queue?.close().catch(this.#options.onError);
  }

  async #add(queue: BullQueue, asked: readonly Asked[]): Promise<readonly JobRecord[]> {
    const fresh = asked.map((one) => this.#ticket(one));
    const entries = fresh.map((record, index) => this.#entry(record, asked[index]?.key ?? record.id));
    const added = await queue.addBulk(entries);
    this.#backlog += asked.length;
    return Promise.all(fresh.map((record, index) => this.#settle(queue, record, added[index]?.id)));
  }

  /** BullMQ's handle, made anew if its own start went wrong, since it would stay wrong. */
  async #bull(): Promise<BullQueue> {
    this.#queue ??= new Queue(NAME, { connection: this.#link.client, prefix: this.#prefix });
    const queue = this.#queue;
    if (queue.listenerCount("error") === 0) queue.on("error", this.#options.onError);
    try {
      await queue.waitUntilReady();
      return queue;
    } catch (error) {
      if (this.#queue === queue) this.#queue = undefined;
      throw error;
    }
  }

  async #assertRoom(queue: BullQueue, asked: readonly Asked[]): Promise<void> {
    const scans = asked.some(({ priority }) => priority === "scan");
    const room = backlogFor(this.#options.limits, scans ? "scan" : "normal");
    if (this.#backlog + asked.length <= room) return;
    const counts = await queue.getJobCounts("waiting", "prioritized", "delayed");
    this.#backlog = (counts["waiting"] ?? 0) + (counts["prioritized"] ?? 0) + (counts["delayed"] ?? 0);
    if (this.#backlog + asked.length <= room) return;
    const held = await Promise.all(asked.map(({ key }) => queue.getDeduplicationJobId(deduplicationId(key))));
    if (this.#backlog + held.filter((id) => id === null).length <= room) return;
    throw new PortError("too-many", "the job queue", "is full: wait until jobs have finished, or add workers", {
      retryAfterMs: 5000,
    });
  }

  #ticket({ job, priority }: Asked): JobRecord {
    const id = randomUUID() as string as JobId;
    return { id, job, priority, submittedAt: this.#options.clock.now(), state: { kind: "waiting" } };
  }

  #entry(record: JobRecord, key: string): { name: string; data: BullData; opts: JobsOptions } {
    const { limits, keyring } = this.#options;
    const keep = { age: Math.ceil(limits.finishedAgeMs / 1000), count: limits.finishedEntries };
    return {
      name: record.job.kind,
      data: { sealed: Buffer.from(sealJob(record.id, record, keyring)).toString("base64") },
      opts: {
        jobId: record.id,
        deduplication: { id: deduplicationId(key) },
        priority: PRIORITIES[record.priority],
        attempts: limits.maxAttempts,
        backoff: { type: "custom" },
        removeOnComplete: keep,
        removeOnFail: keep,
        stackTraceLimit: 1,
      },
    };
  }

  /**
   * The record just added, or the unfinished one of the same key that BullMQ gave instead. Of two that raise it in the same
   * moment the last one's priority stands, which costs time and nothing else.
   */
  async #settle(queue: BullQueue, fresh: JobRecord, id: string | undefined): Promise<JobRecord> {
    if (id === undefined || id === fresh.id) return fresh;
    const present = await this.#find(queue, id as JobId);
    if (present === undefined) throw new PortError("store-unavailable", "the job queue", "lost a job: submit it again");
    if (!isMoreUrgent(fresh.priority, present.priority)) return present;
    const job = await queue.getJob(id);
    await job?.changePriority({ priority: PRIORITIES[fresh.priority] });
    return { ...present, priority: fresh.priority };
  }

  /** The state is read first: what is read after it is at least as new, so a finished job has its result. */
  async #find(queue: BullQueue, id: JobId): Promise<JobRecord | undefined> {
    const name = await queue.getJobState(id);
    const [job, score] = await Promise.all([
      queue.getJob(id),
      name === "delayed" ? this.#link.client.zscore(queue.toKey("delayed"), id) : undefined,
    ]);
    if (job === undefined) return undefined;
    const notBefore = typeof score === "string" ? instantOf(Math.floor(Number(score) / DELAYED_SHIFT)) : undefined;
    return this.#read(job, { name, notBefore }).record;
  }

  #read(job: StoredJob, state: BullState): ReadJob {
    const read = readJob(job, state, this.#options.clock.now(), this.#options.keyring);
    if (read.kind === "forged") this.#options.onRefused(read.record.id, read.why);
    return read;
  }

  async #startable(queue: BullQueue): Promise<number> {
    const counts = await queue.getJobCounts("waiting", "prioritized");
    const until = millisOf(this.#options.clock.now()) * DELAYED_SHIFT;
    const due = await this.#link.client.zcount(queue.toKey("delayed"), 0, until);
    return (counts["waiting"] ?? 0) + (counts["prioritized"] ?? 0) + due;
  }

  #connection() {
    return { connection: this.#link.blockingOptions(), prefix: this.#prefix };
  }

  #buildWorker(processor: Processor, concurrency: number): Worker {
    const { limits, onError } = this.#options;
    const worker = new Worker<BullData, string>(NAME, processor, {
      ...this.#connection(),
      concurrency,
      lockDuration: this.#timing.lockMs,
      stalledInterval: this.#timing.stalledMs,
      // Counts recoveries: the crash after the last one is final.
      maxStalledCount: limits.maxCrashes - 1,
      runRetryDelay: 1000,
      settings: {
        backoffStrategy: (attempt: number, _type?: string, error?: Error) =>
          backoffMs(limits, attempt, error instanceof RetryLater ? error.afterMs : undefined, Math.random()),
      },
    });
    worker.on("error", onError);
    return worker;
  }
}

/** Held by BullMQ until the job is finished. A key names an image, and so may have characters that BullMQ's ids may not. */
function deduplicationId(key: string): string {
  return hash("sha256", key);
}
