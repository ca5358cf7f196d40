import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";

import { openDatabase } from "../../src/adapters/embedded/database.ts";
import { embeddedJobQueue } from "../../src/adapters/embedded/job-queue.ts";
import { redisJobQueue } from "../../src/adapters/redis/job-queue.ts";
import { RedisLink } from "../../src/adapters/redis/link.ts";
import { parseRedisUrl } from "../../src/adapters/redis/target.ts";
import { digestOf } from "../../src/crypto/digest-of.ts";
import { newSealKeyLine, parseSealKeys } from "../../src/crypto/seal-keys.ts";
import { DEFAULT_JOB_LIMITS } from "../../src/domain/job-limits.ts";
import type { JobId, JobRecord } from "../../src/domain/job.ts";
import type { JobQueue } from "../../src/ports/job-queue.ts";
import { Child } from "../support/child.ts";
import { RedisServer } from "../support/redis.ts";
import { SYSTEM_CLOCK } from "../support/system-clock.ts";

/** `ASSAY_CRASHES=100` for a long run. */
const KILLS = Number(process.env["ASSAY_CRASHES"] ?? "10");
const JOBS = KILLS * 20;
const FULL_TIMING = process.env["ASSAY_CRASHES"] !== undefined;
const KEY = newSealKeyLine("k").trim();
const COMMON = {
  keyring: parseSealKeys(KEY, "test"),
  clock: SYSTEM_CLOCK,
  limits: DEFAULT_JOB_LIMITS,
  onRefused: () => assert.fail("a genuine job was refused"),
};

async function inFolder(work: (file: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "assay-crash-"));
  try {
    await work(join(folder, "assay.db"));
  } finally {
    await rm(folder, { recursive: true });
  }
}

async function withRedis(work: (server: RedisServer, queue: JobQueue) => Promise<void>): Promise<void> {
  await using server = await RedisServer.start();
  const link = await RedisLink.open(parseRedisUrl(server.url, { unsafeOpenRedis: false }));
  const queue = redisJobQueue(link, { ...COMMON, onError: () => {} });
  try {
    await work(server, queue);
  } finally {
    await queue.close();
    await link.close();
  }
}

/**
 * Each accepted job has ended, done with the verdict of its own image. So many kills in so few seconds may take a job three
 * times, which ends it as `crashed`: said, not lost.
 */
function assertNothingLost(records: readonly (JobRecord | undefined)[]): void {
  let crashed = 0;
  for (const record of records) {
    assert.ok(record !== undefined, "an accepted job is there");
    if (record.state.kind === "failed") {
      assert.equal(record.state.problem.code, "crashed");
      crashed += 1;
    } else {
      assert.ok(record.state.kind === "done", `${record.job.image} is ${record.state.kind}`);
      assert.equal(record.state.verdict, digestOf(record.job.image));
    }
  }
  assert.ok(crashed <= records.length / 20, `${crashed} of ${records.length} ended as crashed`);
}

test(`${KILLS} kills of the process that owns a SQLite queue lose none of ${JOBS} accepted jobs`, async () => {
  await inFolder(async (file) => {
    const accepted = new Map<number, JobId>();
    const children: Child[] = [];
    const start = (upTo: number): Child => {
      const child = new Child("queue-child.ts", ["embedded", file, KEY, "4", String(accepted.size), String(upTo)]);
      children.push(child);
      return child;
    };
    for (let kill = 0; kill < KILLS; kill += 1) {
      await using child = start(((kill + 1) * JOBS) / KILLS);
      await child.hears((line) => line === "ready");
      await sleep(Math.random() * 150);
      await child.kill();
      note(child, accepted);
    }
    await using last = start(JOBS);
    if (accepted.size < JOBS) await last.hears((line) => line.startsWith(`accepted ${JOBS - 1} `));
    note(last, accepted);
    assert.ok(children.some(isMidJob), "some died in the middle of a job");
    const ended = (): number =>
      children.flatMap(({ lines }) => lines.filter((line) => line.startsWith("ended"))).length;
    for (const deadline = Date.now() + 20_000; ended() < JOBS && Date.now() < deadline;) await sleep(50);
    await last.kill();
    const database = openDatabase(file);
    const queue = embeddedJobQueue(database, COMMON);
    assert.equal(accepted.size, JOBS);
    await drain(queue);
    assertNothingLost(await Promise.all([...accepted.values()].map((id) => queue.find(id))));
    await queue.close();
    database.close();
  });
});

function note(child: Child, accepted: Map<number, JobId>): void {
  for (const line of child.lines) {
    const match = /^accepted (\d+) (.+)$/.exec(line);
    if (match !== null) accepted.set(Number(match[1]), match[2] as JobId);
  }
}

/** Whatever the last kill left active or waiting. */
async function drain(queue: JobQueue): Promise<void> {
  const worker = await queue.work(async ({ job }) => ({ kind: "done", verdict: digestOf(job.image) }), {
    concurrency: 4,
  });
  for (const deadline = Date.now() + 20_000; Date.now() < deadline;) {
    const counts = await queue.counts();
    if (counts.waiting + counts.active + counts.delayed === 0) break;
    await sleep(20);
  }
  await worker.close(1000);
}

test(`${KILLS} kills of worker processes on Redis lose none of ${JOBS} jobs`, async () => {
  await withRedis(async (server, queue) => {
    const children: Child[] = [];
    const start = (): Child => {
      const child = new Child("queue-child.ts", ["redis", server.url, KEY, "4", "0", "0", "1000"]);
      children.push(child);
      return child;
    };
    const running = [start(), start()];
    for (const child of running) assert.ok(await child.hears((line) => line === "ready"));
    const records: JobRecord[] = [];
    let busy = 0;
    for (let kill = 0; kill < KILLS; kill += 1) {
      const victim = running.shift()!;
      await victim.hears((line) => line === "ready");
      records.push(...(await queue.enqueueMany(someJobs(kill * (JOBS / KILLS), JOBS / KILLS))));
      await sleep(Math.random() * 80);
      await victim.kill();
      busy += Number(isMidJob(victim));
      running.push(start());
    }
    assert.ok(busy > 0, "some died in the middle of a job");
    const ends = await Promise.all(records.map(({ id }) => queue.wait(id, AbortSignal.timeout(25_000))));
    for (const child of running) await child.kill();
    assertNothingLost(ends);
  });
});

function someJobs(from: number, count: number) {
  return Array.from({ length: count }, (_, index) => {
    const image = `${from + index}`;
    return { job: { kind: "verify" as const, image }, key: image, priority: "scan" as const };
  });
}

function isMidJob({ lines }: Child): boolean {
  const count = (word: string): number => lines.filter((line) => line.startsWith(word)).length;
  return count("began") > count("ended");
}

test("a job whose worker on Redis is killed is finished by another process after at most one lock and two looks", async () => {
  await withRedis(async (server, queue) => {
    const lockMs = FULL_TIMING ? 10_000 : 2000;
    const child = (): Child => new Child("queue-child.ts", ["redis", server.url, KEY, "1", "0", "0", String(lockMs)]);
    await using victim = child();
    const { id } = await queue.enqueue({ kind: "verify", image: "slow" }, { key: "slow", priority: "normal" });
    assert.ok(await victim.hears((line) => line === "began slow"));
    await using other = child();
    assert.ok(await other.hears((line) => line === "ready"));
    await victim.kill();
    const killed = Date.now();
    assert.ok(await other.hears((line) => line === "began slow"));
    const took = Date.now() - killed;
    assert.ok(took <= 2 * lockMs + 500, `took ${took} ms with a lock of ${lockMs} ms`);
    assert.equal((await queue.find(id))?.state.kind, "active");
  });
});

test("a job that kills its process has failed after three deaths on Redis, and others are done", async () => {
  await withRedis(async (server, queue) => {
    const poison = await queue.enqueue({ kind: "verify", image: "poison" }, { key: "poison", priority: "admission" });
    const others = await Promise.all(
      ["a", "b", "c"].map((image) => queue.enqueue({ kind: "verify", image }, { key: image, priority: "scan" })),
    );
    const children: Child[] = [];
    const start = (): Child => {
      const child = new Child("queue-child.ts", ["redis", server.url, KEY, "1", "0", "0", "400"]);
      children.push(child);
      return child;
    };
    const over = new AbortController();
    const supervise = (async () => {
      while (!over.signal.aborted) await Promise.race([start().gone, once(over.signal, "abort")]);
    })();
    const end = await queue.wait(poison.id, AbortSignal.timeout(20_000));
    over.abort();
    await supervise;
    const rest = await Promise.all(others.map(({ id }) => queue.wait(id, AbortSignal.timeout(10_000))));
    for (const child of children) await child.kill();
    assert.ok(end?.state.kind === "failed");
    assert.equal(end.state.problem.code, "crashed");
    const began = children.flatMap(({ lines }) => lines).filter((line) => line === "began poison");
    assert.equal(began.length, DEFAULT_JOB_LIMITS.maxCrashes);
    assert.deepEqual(
      rest.map((record) => record?.state.kind),
      ["done", "done", "done"],
    );
  });
});

test("a job that kills its process has failed after three deaths in SQLite, and others are done", async () => {
  await inFolder(async (file) => {
    const first = openDatabase(file);
    const queue = embeddedJobQueue(first, COMMON);
    const poison = await queue.enqueue({ kind: "verify", image: "poison" }, { key: "poison", priority: "admission" });
    const other = await queue.enqueue({ kind: "verify", image: "a" }, { key: "a", priority: "scan" });
    first.close();
    for (let death = 0; death < DEFAULT_JOB_LIMITS.maxCrashes; death += 1) {
      await using child = new Child("queue-child.ts", ["embedded", file, KEY, "1"]);
      assert.ok(await child.hears((line) => line === "began poison"));
      await child.gone;
    }
    const again = openDatabase(file);
    const after = embeddedJobQueue(again, COMMON);
    const end = await after.find(poison.id);
    assert.ok(end?.state.kind === "failed");
    assert.equal(end.state.problem.code, "crashed");
    await drain(after);
    assert.equal((await after.find(other.id))?.state.kind, "done");
    again.close();
  });
});
