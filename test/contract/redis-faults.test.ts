import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";

import { Queue, Worker } from "bullmq";

import type { StoredJob } from "../../src/adapters/redis/bull-job.ts";
import { redisJobQueue } from "../../src/adapters/redis/job-queue.ts";
import { RedisJobWorker } from "../../src/adapters/redis/job-worker.ts";
import { RedisLink } from "../../src/adapters/redis/link.ts";
import { redisRecordStore } from "../../src/adapters/redis/record-store.ts";
import { parseRedisUrl } from "../../src/adapters/redis/target.ts";
import { digestOf } from "../../src/crypto/digest-of.ts";
import { newSealKeyLine, parseSealKeys } from "../../src/crypto/seal-keys.ts";
import { sealJob, sealJobEnd } from "../../src/crypto/sealed-job.ts";
import { instantOf } from "../../src/domain/instant.ts";
import { DEFAULT_JOB_LIMITS } from "../../src/domain/job-limits.ts";
import type { JobId, JobRecord } from "../../src/domain/job.ts";
import type { JobHandler, JobQueue } from "../../src/ports/job-queue.ts";
import type { RecordStore } from "../../src/ports/record-store.ts";
import { DEFAULT_RETENTION } from "../../src/ports/retention.ts";
import { RedisServer } from "../support/redis.ts";
import { SYSTEM_CLOCK } from "../support/system-clock.ts";

const KEY_LINE = newSealKeyLine("k").trim();
const KEYRING = parseSealKeys(KEY_LINE, "test");

class World implements AsyncDisposable {
  readonly server: RedisServer;
  readonly link: RedisLink;
  readonly store: RecordStore;
  readonly queue: JobQueue;
  readonly refused: string[] = [];

  constructor(server: RedisServer, link: RedisLink) {
    this.server = server;
    this.link = link;
    this.store = redisRecordStore(link, { retention: DEFAULT_RETENTION, clock: SYSTEM_CLOCK });
    this.queue = redisJobQueue(link, {
      keyring: KEYRING,
      clock: SYSTEM_CLOCK,
      limits: { ...DEFAULT_JOB_LIMITS, backoffBaseMs: 20 },
      onRefused: (id, why) => this.refused.push(`${id} ${why}`),
      onError: () => {},
      timing: { lockMs: 1000, stalledMs: 500, watchdogMs: 200 },
    });
  }

  static async on(server: RedisServer, url = server.url): Promise<World> {
    return new World(server, await RedisLink.open(parseRedisUrl(url, { unsafeOpenRedis: false })));
  }

  submit(image: string): Promise<JobRecord> {
    return this.queue.enqueue({ kind: "verify", image }, { key: image, priority: "normal" });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.queue.close();
    await this.link.close();
    await this.server[Symbol.asyncDispose]();
  }
}

const done: JobHandler = async ({ job }) => ({ kind: "done", verdict: digestOf(job.image) });

/** Refused as the port says, and soon. */
async function refusedSoon(ask: () => Promise<unknown>, detail: RegExp): Promise<void> {
  const began = Date.now();
  await assert.rejects(ask(), (error: Error & { readonly code?: string }) => {
    assert.equal(error.name, "PortError", error.stack);
    assert.equal(error.code, "store-unavailable");
    assert.match(error.message, detail);
    return true;
  });
  assert.ok(Date.now() - began <= 1300, `took ${Date.now() - began} ms`);
}

async function eventually<T>(ask: () => Promise<T>): Promise<T> {
  for (const deadline = Date.now() + 8000; ;) {
    try {
      return await ask();
    } catch (error) {
      if (Date.now() > deadline) throw error;
      await sleep(50);
    }
  }
}

test("with Redis down at the start all is refused at once, and works by itself once Redis is there", async () => {
  const server = await RedisServer.prepare();
  await using world = await World.on(server);
  await world.queue.work(done, { concurrency: 1 });
  await refusedSoon(() => world.store.get("verdict", "a"), /Redis at 127\.0\.0\.1:\d+: is not reachable/);
  await refusedSoon(() => world.submit("a"), /not reachable/);
  await refusedSoon(() => world.queue.counts(), /not reachable/);
  await refusedSoon(() => world.queue.ping(), /not reachable/);
  await server.start();
  const { id } = await eventually(() => world.submit("a"));
  assert.equal((await world.queue.wait(id, AbortSignal.timeout(10_000)))?.state.kind, "done");
  await world.store.put("verdict", "a", Buffer.from("A"));
  await world.queue.ping();
});

test("a Redis that is killed and comes back has every job it acknowledged, and the worker goes on", async () => {
  await using world = await World.on(await RedisServer.start());
  const records: JobRecord[] = [];
  for (let index = 0; index < 30; index += 1) records.push(await world.submit(`${index}`));
  const ran: string[] = [];
  await world.queue.work(
    async ({ job }) => {
      ran.push(job.image);
      await sleep(20);
      return { kind: "done", verdict: digestOf(job.image) };
    },
    { concurrency: 2 },
  );
  const waiting = world.queue.wait(records.at(-1)!.id, AbortSignal.timeout(15_000));
  await sleep(100);
  await world.server.stop("SIGKILL");
  await refusedSoon(() => world.submit("while away"), /Redis/);
  await world.server.start();
  const ends = await Promise.all(
    records.map(({ id }) => eventually(() => world.queue.wait(id, AbortSignal.timeout(15_000)))),
  );
  assert.deepEqual(
    ends.map((end) => end?.state.kind),
    records.map(() => "done"),
  );
  assert.equal(new Set(ran).size, records.length);
  assert.equal((await waiting)?.state.kind, "done", "who waited before goes on waiting");
});

test("a Redis that stands still is given up within a second, and used again when it moves", async () => {
  await using world = await World.on(await RedisServer.start());
  await world.store.put("verdict", "a", Buffer.from("A"));
  const { id } = await world.submit("a");
  world.server.freeze();
  await refusedSoon(() => world.store.get("verdict", "a"), /did not answer within 1000 ms/);
  await refusedSoon(() => world.submit("b"), /Redis/);
  await refusedSoon(() => world.queue.find(id), /Redis/);
  world.server.thaw();
  const found = await eventually(() => world.store.get("verdict", "a"));
  assert.equal(Buffer.from(found!).toString(), "A");
});

test("a Redis that may evict is not ready, and says which setting to change", async () => {
  await using world = await World.on(
    await RedisServer.start(["--maxmemory", "100mb", "--maxmemory-policy", "allkeys-lru"]),
  );
  await refusedSoon(() => world.queue.ping(), /maxmemory-policy allkeys-lru.*noeviction/);
  await refusedSoon(() => world.store.ping(), /maxmemory-policy allkeys-lru.*noeviction/);
});

test("a Redis whose clock is an hour away is not ready", async () => {
  await using world = await World.on(await RedisServer.start());
  const clock = { now: () => instantOf(Date.now() + 3_600_000) };
  const store = redisRecordStore(world.link, { retention: DEFAULT_RETENTION, clock });
  await refusedSoon(() => store.ping(), /clock that differs by 360\d s/);
});

test("a full Redis refuses writes, answers reads, and takes writes again once there is memory", async () => {
  await using world = await World.on(await RedisServer.start(["--maxmemory-policy", "noeviction"]));
  await world.store.put("verdict", "a", Buffer.from("A"));
  await world.link.client.config("SET", "maxmemory", "1mb");
  await refusedSoon(() => world.store.put("verdict", "b", Buffer.alloc(1000)), /refused: OOM/);
  await refusedSoon(() => world.submit("a"), /OOM/);
  assert.equal(Buffer.from((await world.store.get("verdict", "a"))!).toString(), "A");
  await world.link.client.config("SET", "maxmemory", "0");
  await world.store.put("verdict", "b", Buffer.alloc(1000));
  await world.submit("a");
});

test("jobs planted in Redis never run, whatever they hold", async () => {
  await using world = await World.on(await RedisServer.start());
  const plain = new Queue("jobs", { connection: world.link.client, prefix: "assay" });
  const genuine = Buffer.from(
    sealJob("other" as JobId, { job: { kind: "verify", image: "moved" }, submittedAt: SYSTEM_CLOCK.now() }, KEYRING),
  ).toString("base64");
  const planted = await Promise.all(
    [
      { kind: "verify", image: "evil" },
      { sealed: JSON.stringify({ job: { kind: "verify", image: "evil" } }) },
      { sealed: genuine },
      { sealed: 7 },
      "text",
      null,
    ].map((data) => plain.add("verify", data)),
  );
  const ran: string[] = [];
  await world.queue.work(
    async ({ job }) => {
      ran.push(job.image);
      return { kind: "done", verdict: digestOf(job.image) };
    },
    { concurrency: 2 },
  );
  for (const { id } of planted) {
    const end = await world.queue.wait(id as JobId, AbortSignal.timeout(5000));
    assert.ok(end?.state.kind === "failed");
    assert.equal(end.state.problem.code, "forged");
  }
  const { id } = await world.submit("genuine");
  assert.equal((await world.queue.wait(id, AbortSignal.timeout(5000)))?.state.kind, "done");
  assert.deepEqual(ran, ["genuine"]);
  assert.equal((await world.queue.counts()).failed, planted.length);
  assert.ok(world.refused.some((text) => text.endsWith(" moved")));
});

test("a result that was written straight into Redis, or taken from another job, names no verdict", async () => {
  await using world = await World.on(await RedisServer.start());
  const [{ id }, other] = [await world.submit("a"), await world.submit("b")];
  await world.queue.work(done, { concurrency: 1 });
  for (const job of [id, other.id]) await world.queue.wait(job, AbortSignal.timeout(5000));
  assert.equal((await world.queue.find(id))?.state.kind, "done");
  const taken = (await world.link.client.hget(`assay:jobs:${other.id}`, "returnvalue")) ?? "";
  for (const planted of [JSON.stringify({ decision: "allow" }), JSON.stringify(digestOf("a")), taken]) {
    await world.link.client.hset(`assay:jobs:${id}`, "returnvalue", planted);
    assert.equal((await world.queue.find(id))?.state.kind, "failed");
  }
});

test("no key, password or unknown error's text is ever written to Redis", async () => {
  const password = "canary-password-4711";
  const server = await RedisServer.start();
  await using world = await World.on(server);
  await world.link.client.call("ACL", "SETUSER", "assay", "on", `>${password}`, "~*", "+@all");
  const link = await RedisLink.open(
    parseRedisUrl(server.url.replace("redis://", `redis://assay:${password}@`), { unsafeOpenRedis: false }),
  );
  const queue = redisJobQueue(link, {
    keyring: KEYRING,
    clock: SYSTEM_CLOCK,
    limits: { ...DEFAULT_JOB_LIMITS, maxAttempts: 2, backoffBaseMs: 10 },
    onRefused: () => {},
    onError: () => {},
  });
  assert.equal(await link.client.call("ACL", "WHOAMI"), "assay");
  const store = redisRecordStore(link, { retention: DEFAULT_RETENTION, clock: SYSTEM_CLOCK });
  await store.put("verdict", "marker-of-this-test", Buffer.from("x"));
  await queue.work(
    async () => {
      throw new Error("canary-error-0815");
    },
    { concurrency: 1 },
  );
  const { id } = await queue.enqueue({ kind: "verify", image: "a" }, { key: "a", priority: "normal" });
  assert.equal((await queue.wait(id, AbortSignal.timeout(5000)))?.state.kind, "failed");
  await queue.close();
  await link.close();
  const key = Buffer.from(KEY_LINE.slice(2), "base64");
  const written = await server.written();
  assert.ok(written.includes("marker-of-this-test"), "the scan sees what is written");
  for (const secret of [password, "canary-error-0815", key, key.toString("hex"), key.toString("base64")]) {
    assert.ok(!written.includes(secret));
  }
});

test("a worker that lives and takes nothing is replaced", async () => {
  await using world = await World.on(await RedisServer.start());
  const { id } = await world.submit("a");
  let built = 0;
  const worker = new RedisJobWorker(
    {
      limits: DEFAULT_JOB_LIMITS,
      read: (job: StoredJob) => ({ kind: "genuine", record: { ...RECORD, id: String(job.id) as JobId } }),
      seal: (id, verdict) => sealJobEnd(id, verdict, KEYRING),
      build: (processor) => {
        built += 1;
        // The first listens to another queue: connected, running, and never with a job.
        const connection = world.link.blockingOptions();
        return new Worker(built === 1 ? "elsewhere" : "jobs", processor, { connection, prefix: "assay" });
      },
      ready: async () => (await world.queue.counts()).waiting,
      watchdogMs: 100,
    },
    done,
    1,
  );
  assert.equal((await world.queue.wait(id, AbortSignal.timeout(8000)))?.state.kind, "done");
  assert.equal(built, 2);
  await sleep(600);
  assert.equal(built, 2, "an idle queue is no reason");
  await worker.close(1000);
});

const RECORD: JobRecord = {
  id: "x" as JobId,
  job: { kind: "verify", image: "a" },
  priority: "normal",
  submittedAt: SYSTEM_CLOCK.now(),
  state: { kind: "active", attempt: 1 },
};

test("Redis over TLS is used only with a certificate we trust", async () => {
  const folder = await mkdtemp(join(tmpdir(), "assay-tls-"));
  const [key, cert] = [join(folder, "key.pem"), join(folder, "cert.pem")];
  const subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"];
  const curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "1"];
  await promisify(execFile)("openssl", ["req", "-x509", ...curve, ...subject, "-keyout", key, "-out", cert]);
  const tls = ["--tls-cert-file", cert, "--tls-key-file", key, "--tls-auth-clients", "no", "--tls-ca-cert-file", cert];
  await using spare = await RedisServer.prepare();
  await using server = await RedisServer.prepare();
  const tlsPort = spare.port;
  await server.start(["--tls-port", String(tlsPort), ...tls]);
  const target = parseRedisUrl(`rediss://localhost:${tlsPort}`, { unsafeOpenRedis: false });
  const trusting = await RedisLink.open(target, { ca: await readFile(cert, "utf8") });
  assert.equal(await trusting.run((redis) => redis.ping()), "PONG");
  await trusting.close();
  const errors: Error[] = [];
  const wary = await RedisLink.open(target, { onError: (error) => errors.push(error) });
  await refusedSoon(() => wary.run((redis) => redis.ping()), /not reachable/);
  assert.ok(errors.some((error) => /self-signed|self signed/.test(error.message)));
  await wary.close();
  await rm(folder, { recursive: true });
});
