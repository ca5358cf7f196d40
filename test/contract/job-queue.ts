import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";

import type { Keyring } from "../../src/crypto/seal-keys.ts";
import { parseDigest, type Digest } from "../../src/domain/digest.ts";
import { PortError } from "../../src/domain/errors.ts";
import { DEFAULT_JOB_LIMITS, type JobLimits } from "../../src/domain/job-limits.ts";
import { isTerminal, type Job, type JobId, type JobRecord, type Priority } from "../../src/domain/job.ts";
import type { JobHandler, JobQueue } from "../../src/ports/job-queue.ts";
import { freshKeyring } from "../support/keyring.ts";

export type QueueSettings = {
  readonly keyring: Keyring;
  readonly limits: JobLimits;
  readonly onRefused: (id: JobId, why: string) => void;
};

/** One durable place; each queue opened on it sees the same jobs. */
export type QueuePlace = { readonly open: (settings: QueueSettings) => Promise<JobQueue> };

export type QueueWorld = {
  readonly name: string;
  readonly start: () => Promise<void>;
  readonly place: () => Promise<QueuePlace>;
  readonly stop: () => Promise<void>;
};

const VERDICT: Digest = parseDigest(`sha256:${"ab".repeat(32)}`);
const PATIENCE_MS = 10_000;

const verify = (image: string): Job => ({ kind: "verify", image });
const quickly = (bounds: Partial<JobLimits> = {}): JobLimits => ({
  ...DEFAULT_JOB_LIMITS,
  backoffBaseMs: 20,
  backoffCapMs: 50,
  ...bounds,
});
const patience = (): AbortSignal => AbortSignal.timeout(PATIENCE_MS);

/** What every job queue does, whatever it keeps the jobs in. */
export function jobQueueContract(world: QueueWorld): void {
  describe(`jobs in ${world.name}`, () => {
    const opened: JobQueue[] = [];
    const keyring = freshKeyring();

    async function open(place: QueuePlace, settings: Partial<QueueSettings> = {}): Promise<JobQueue> {
      const queue = await place.open({ keyring, limits: quickly(), onRefused: () => {}, ...settings });
      opened.push(queue);
      return queue;
    }
    const fresh = async (settings: Partial<QueueSettings> = {}): Promise<JobQueue> =>
      open(await world.place(), settings);
    const submit = (queue: JobQueue, image: string, priority: Priority = "normal"): Promise<JobRecord> =>
      queue.enqueue(verify(image), { key: image, priority });
    const done: JobHandler = async () => ({ kind: "done", verdict: VERDICT });

    before(() => world.start());
    after(async () => {
      for (const queue of opened) await queue.close();
      await world.stop();
    });

    test("wait, are found by id, and end with the verdict's id", async () => {
      const queue = await fresh();
      const record = await submit(queue, "registry.example.com/shop/web:1", "interactive");
      assert.deepEqual(record.state, { kind: "waiting" });
      assert.deepEqual(await queue.find(record.id), record);
      await queue.work(done, { concurrency: 1 });
      const end = await queue.wait(record.id, patience());
      assert.ok(end?.state.kind === "done");
      assert.equal(end.state.verdict, VERDICT);
      assert.deepEqual(end.job, record.job);
      assert.equal(end.submittedAt, record.submittedAt);
    });

    test("that nobody submitted are not found", async () => {
      const queue = await fresh();
      assert.equal(await queue.find("00000000-0000-4000-8000-000000000000" as JobId), undefined);
      assert.equal(await queue.wait("00000000-0000-4000-8000-000000000000" as JobId, patience()), undefined);
    });

    test("of one key are one job while it waits and while it runs, and a new one once it is done", async () => {
      const queue = await fresh();
      const first = await submit(queue, "a");
      assert.equal((await submit(queue, "a")).id, first.id);
      const gate = Promise.withResolvers<void>();
      const begun = Promise.withResolvers<void>();
      let runs = 0;
      await queue.work(
        async () => {
          runs += 1;
          begun.resolve();
          await gate.promise;
          return { kind: "done", verdict: VERDICT };
        },
        { concurrency: 2 },
      );
      await begun.promise;
      const again = await submit(queue, "a");
      assert.equal(again.id, first.id);
      assert.equal(again.state.kind, "active");
      gate.resolve();
      await queue.wait(first.id, patience());
      assert.equal(runs, 1);
      const next = await submit(queue, "a");
      assert.notEqual(next.id, first.id);
      await queue.wait(next.id, patience());
      assert.equal(runs, 2);
    });

    test("submitted many at once answer in order, equal keys with the same job", async () => {
      const queue = await fresh();
      const keys = ["a", "b", "a", "c"];
      const records = await queue.enqueueMany(
        keys.map((key) => ({ job: verify(key), key, priority: "scan" as const })),
      );
      assert.deepEqual(
        records.map(({ job }) => job.image),
        keys,
      );
      assert.equal(records[0]?.id, records[2]?.id);
      assert.equal(new Set(records.map(({ id }) => id)).size, 3);
      assert.equal((await queue.counts()).waiting, 3);
    });

    test("run the most urgent first, and of equals the first submitted", async () => {
      const queue = await fresh();
      await submit(queue, "scan 1", "scan");
      await submit(queue, "normal 1", "normal");
      await submit(queue, "scan 2", "scan");
      await submit(queue, "admission", "admission");
      await submit(queue, "normal 2", "normal");
      assert.deepEqual(await orderOf(queue, 5), ["admission", "normal 1", "normal 2", "scan 1", "scan 2"]);
    });

    test("overtake others once somebody more urgent asks for the same, and never fall back", async () => {
      const queue = await fresh();
      await submit(queue, "a", "normal");
      const late = await submit(queue, "b", "scan");
      const raised = await submit(queue, "b", "admission");
      assert.equal(raised.id, late.id);
      assert.equal(raised.priority, "admission");
      assert.equal((await submit(queue, "b", "scan")).priority, "admission");
      assert.equal((await queue.find(late.id))?.priority, "admission");
      assert.deepEqual(await orderOf(queue, 2), ["b", "a"]);
    });

    test("are tried again after a pause, and each state is seen", async () => {
      const queue = await fresh();
      const record = await submit(queue, "a");
      let attempts = 0;
      const states: JobRecord["state"][] = [];
      const watching = (async () => {
        for await (const seen of queue.watch(record.id, patience())) states.push(seen.state);
      })();
      await sleep(50);
      const begun: number[] = [];
      await queue.work(
        async (given) => {
          attempts += 1;
          begun.push(Date.now());
          assert.deepEqual(given.state, { kind: "active", attempt: attempts });
          await sleep(100);
          return attempts < 2
            ? { kind: "retry", code: "rate-limited", message: "asked to wait", afterMs: 400 }
            : { kind: "done", verdict: VERDICT };
        },
        { concurrency: 1 },
      );
      await watching;
      assert.deepEqual(
        states.map(({ kind }) => kind),
        ["waiting", "active", "retrying", "active", "done"],
      );
      const pause = states[2];
      assert.ok(pause?.kind === "retrying");
      assert.deepEqual(pause.problem, { code: "rate-limited", message: "asked to wait" });
      assert.equal(pause.attempt, 1);
      assert.ok(begun[1]! >= Date.parse(pause.notBefore) - 5, "not before the pause was over");
      assert.ok(begun[1]! - begun[0]! >= 490);
    });

    test("have failed after the last attempt, with the last problem", async () => {
      const queue = await fresh({ limits: quickly({ maxAttempts: 3 }) });
      const record = await submit(queue, "a");
      let attempts = 0;
      await queue.work(
        async () => {
          attempts += 1;
          return { kind: "retry", code: "unreachable", message: `try ${attempts}`, afterMs: undefined };
        },
        { concurrency: 1 },
      );
      const end = await queue.wait(record.id, patience());
      assert.ok(end?.state.kind === "failed");
      assert.deepEqual(end.state.problem, { code: "unreachable", message: "try 3" });
      assert.equal(attempts, 3);
    });

    test("that failed for good are not tried again", async () => {
      const queue = await fresh();
      const record = await submit(queue, "a");
      let attempts = 0;
      await queue.work(
        async () => {
          attempts += 1;
          return { kind: "failed", code: "manifest", message: "no manifest" };
        },
        { concurrency: 1 },
      );
      const end = await queue.wait(record.id, patience());
      assert.ok(end?.state.kind === "failed");
      assert.deepEqual(end.state.problem, { code: "manifest", message: "no manifest" });
      await sleep(100);
      assert.equal(attempts, 1);
    });

    test("whose handler throws are tried again only if the world may answer later, and no unknown text is kept", async () => {
      const queue = await fresh({ limits: quickly({ maxAttempts: 2 }) });
      const tries = new Map<string, number>();
      await queue.work(
        async ({ job }) => {
          tries.set(job.image, (tries.get(job.image) ?? 0) + 1);
          if (job.image === "world") throw new PortError("unreachable", "registry", "is down");
          if (job.image === "forbidden") throw new PortError("unauthorized", "registry", "says no");
          throw new Error("password=hunter2");
        },
        { concurrency: 3 },
      );
      const ends = await Promise.all(
        ["world", "forbidden", "bug"].map(async (image) => queue.wait((await submit(queue, image)).id, patience())),
      );
      assert.deepEqual(
        ends.map((end) => (end?.state.kind === "failed" ? end.state.problem.code : end?.state.kind)),
        ["unreachable", "unauthorized", "internal"],
      );
      assert.deepEqual(
        [...tries.values()].sort((a, b) => a - b),
        [1, 1, 2],
      );
      assert.doesNotMatch(JSON.stringify(ends), /hunter2/);
    });

    test("whose handler hangs lose their slot", async () => {
      const queue = await fresh({ limits: quickly({ attemptTimeoutMs: 60, maxAttempts: 2 }) });
      const record = await submit(queue, "a");
      const aborted: boolean[] = [];
      await queue.work(
        (_, signal) =>
          new Promise(() => {
            signal.addEventListener("abort", () => aborted.push(true));
          }),
        { concurrency: 1 },
      );
      const end = await queue.wait(record.id, patience());
      assert.ok(end?.state.kind === "failed");
      assert.equal(end.state.problem.code, "timeout");
      assert.deepEqual(aborted, [true, true]);
    });

    test("can be waited for no longer than the caller wants", async () => {
      const queue = await fresh();
      const record = await submit(queue, "a");
      const began = Date.now();
      assert.deepEqual(await queue.wait(record.id, AbortSignal.timeout(80)), record);
      assert.ok(Date.now() - began < 1000);
      assert.deepEqual(await queue.wait(record.id, AbortSignal.abort()), record);
      const seen: JobRecord[] = [];
      for await (const one of queue.watch(record.id, AbortSignal.timeout(80))) seen.push(one);
      assert.deepEqual(seen, [record]);
    });

    test("that are done are shown once to who watches them then", async () => {
      const queue = await fresh();
      const record = await submit(queue, "a");
      await queue.work(done, { concurrency: 1 });
      await queue.wait(record.id, patience());
      const kinds: string[] = [];
      for await (const one of queue.watch(record.id, patience())) kinds.push(one.state.kind);
      assert.deepEqual(kinds, ["done"]);
    });

    test("run as many at a time as there are slots", async () => {
      const queue = await fresh();
      let now = 0;
      let most = 0;
      const records = await queue.enqueueMany(
        Array.from({ length: 12 }, (_, index) => ({
          job: verify(`${index}`),
          key: `${index}`,
          priority: "scan" as const,
        })),
      );
      await queue.work(
        async () => {
          now += 1;
          most = Math.max(most, now);
          await sleep(20);
          now -= 1;
          return { kind: "done", verdict: VERDICT };
        },
        { concurrency: 3 },
      );
      for (const { id } of records) assert.ok(isTerminal((await queue.wait(id, patience()))!.state));
      assert.equal(most, 3);
    });

    test("are counted by where they stand", async () => {
      const queue = await fresh();
      const gate = Promise.withResolvers<void>();
      const first = await submit(queue, "done");
      const second = await submit(queue, "failed");
      const third = await submit(queue, "later");
      const worker = await queue.work(
        async ({ job }) => {
          if (job.image === "done") return { kind: "done", verdict: VERDICT };
          if (job.image === "failed") return { kind: "failed", code: "x", message: "y" };
          if (job.image === "later") return { kind: "retry", code: "x", message: "y", afterMs: 60_000 };
          await gate.promise;
          return { kind: "done", verdict: VERDICT };
        },
        { concurrency: 1 },
      );
      await queue.wait(first.id, patience());
      await queue.wait(second.id, patience());
      for await (const one of queue.watch(third.id, patience())) if (one.state.kind === "retrying") break;
      const running = await submit(queue, "running");
      for await (const one of queue.watch(running.id, patience())) if (one.state.kind === "active") break;
      await submit(queue, "waiting");
      assert.deepEqual(await queue.counts(), { waiting: 1, active: 1, delayed: 1, done: 1, failed: 1 });
      gate.resolve();
      await worker.close(1000);
    });

    test("are refused when too many wait, with the last tenth kept from scans", async () => {
      const queue = await fresh({ limits: quickly({ maxBacklog: 10 }) });
      for (let index = 0; index < 9; index += 1) await submit(queue, `${index}`, "scan");
      await assert.rejects(submit(queue, "9", "scan"), { name: "PortError", code: "too-many" });
      await submit(queue, "urgent", "normal");
      await assert.rejects(submit(queue, "more", "admission"), { name: "PortError", code: "too-many" });
      assert.equal((await submit(queue, "3", "admission")).priority, "admission", "a known one needs no room");
      assert.equal((await queue.counts()).waiting, 10);
    });

    test("that run when the worker closes may finish in the time of grace", async () => {
      const queue = await fresh();
      const record = await submit(queue, "a");
      const worker = await queue.work(
        async (_, signal) => {
          await sleep(150);
          return signal.aborted ? { kind: "failed", code: "aborted", message: "" } : { kind: "done", verdict: VERDICT };
        },
        { concurrency: 1 },
      );
      for await (const one of queue.watch(record.id, patience())) if (one.state.kind === "active") break;
      const next = await submit(queue, "b");
      await worker.close(5000);
      assert.equal((await queue.find(record.id))?.state.kind, "done");
      assert.equal((await queue.find(next.id))?.state.kind, "waiting", "no new job is taken");
    });

    test("that do not finish in time are handed back as if never begun", async () => {
      const queue = await fresh({ limits: quickly({ maxAttempts: 1, maxCrashes: 1 }) });
      const record = await submit(queue, "a");
      const stopped = Promise.withResolvers<void>();
      const worker = await queue.work(
        (_, signal) =>
          new Promise(() => {
            signal.addEventListener("abort", () => stopped.resolve());
          }),
        { concurrency: 1 },
      );
      for await (const one of queue.watch(record.id, patience())) if (one.state.kind === "active") break;
      await worker.close(50);
      await stopped.promise;
      assert.deepEqual((await queue.find(record.id))?.state, { kind: "waiting" });
      const attempts: unknown[] = [];
      await queue.work(
        async ({ state }) => {
          attempts.push(state);
          return { kind: "done", verdict: VERDICT };
        },
        { concurrency: 1 },
      );
      assert.equal((await queue.wait(record.id, patience()))?.state.kind, "done");
      assert.deepEqual(attempts, [{ kind: "active", attempt: 1 }]);
    });

    test("that were not sealed by a key we know are never run, are shown as failed, and raise an alarm", async () => {
      const place = await world.place();
      const stranger = await open(place, { keyring: freshKeyring("test") });
      const planted = await submit(stranger, "planted");
      const refused: string[] = [];
      const queue = await open(place, { onRefused: (id, why) => refused.push(`${id} ${why}`) });
      const seen = await queue.find(planted.id);
      assert.ok(seen?.state.kind === "failed");
      assert.equal(seen.state.problem.code, "forged");
      assert.equal(seen.job.image, "", "nothing of what was planted is repeated");
      const ran: string[] = [];
      await queue.work(
        async ({ job }) => {
          ran.push(job.image);
          return { kind: "done", verdict: VERDICT };
        },
        { concurrency: 1 },
      );
      const genuine = await submit(queue, "genuine");
      assert.equal((await queue.wait(genuine.id, patience()))?.state.kind, "done");
      assert.deepEqual(ran, ["genuine"]);
      assert.ok(refused.includes(`${planted.id} forged`));
      assert.equal((await queue.counts()).failed, 1);
    });

    test("sealed by the former key still run after the key was changed", async () => {
      const place = await world.place();
      const old = freshKeyring("old");
      const record = await submit(await open(place, { keyring: old }), "a");
      const { newest } = freshKeyring("new");
      const rotated: Keyring = {
        newest,
        keys: new Map([
          ["new", newest],
          ["old", old.newest],
        ]),
      };
      const queue = await open(place, { keyring: rotated });
      await queue.work(done, { concurrency: 1 });
      assert.equal((await queue.wait(record.id, patience()))?.state.kind, "done");
    });

    test("are forgotten once finished and too many, but never before", async () => {
      const queue = await fresh({ limits: quickly({ finishedEntries: 5 }) });
      const records = await queue.enqueueMany(
        Array.from({ length: 300 }, (_, index) => ({
          job: verify(`${index}`),
          key: `${index}`,
          priority: "scan" as const,
        })),
      );
      assert.equal((await queue.counts()).waiting, 300);
      await queue.work(done, { concurrency: 8 });
      const deadline = Date.now() + PATIENCE_MS;
      let counts = await queue.counts();
      while (counts.waiting + counts.active > 0 && Date.now() < deadline) {
        await sleep(20);
        counts = await queue.counts();
      }
      assert.ok(counts.done >= 5 && counts.done < 100, `${counts.done} are remembered`);
      assert.equal(await queue.find(records[0]!.id), undefined);
    });
  });

  /** Runs all that waits, one by one, and tells in which order. */
  async function orderOf(queue: JobQueue, count: number): Promise<readonly string[]> {
    const order: string[] = [];
    const all = Promise.withResolvers<void>();
    const worker = await queue.work(
      async ({ job }) => {
        order.push(job.image);
        if (order.length === count) all.resolve();
        return { kind: "done", verdict: VERDICT };
      },
      { concurrency: 1 },
    );
    await all.promise;
    await worker.close(1000);
    return order;
  }
}
