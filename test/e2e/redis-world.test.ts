import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";

import { Redis } from "ioredis";

import type { ProblemJson } from "../../src/api/problem.ts";
import type { Digest } from "../../src/domain/digest.ts";
import { AssayProcess, runAssay } from "../support/assay-process.ts";
import { RedisServer } from "../support/redis.ts";
import { Service } from "../support/service.ts";
import { DISTROLESS_FILES, SupplyChain } from "../support/supply-chain.ts";

const MANIFESTS = { method: "GET", kind: "manifest" } as const;

type Pushed = {
  readonly image: string;
  readonly repository: string;
  readonly digest: Digest;
  readonly decision: "allow" | "deny";
};
type Checks = { readonly checks: { readonly queue: Readonly<Record<string, unknown>> } };

describe("the Redis world", () => {
  let chain: SupplyChain;
  let redis: RedisServer;
  let client: Redis;
  let service: Service;
  let made = 0;
  const tokens: Record<string, string> = {};
  const workers: AssayProcess[] = [];

  before(async () => {
    chain = await SupplyChain.start();
    chain.writePolicy("- signed: { by: release-key }");
    writeFileSync(join(chain.folder, "seal-keys"), `k1:${randomBytes(32).toString("base64")}\n`);
    writeFileSync(join(chain.folder, "tokens.yaml"), await makeTokens(["reader", "submitter"], tokens));
    redis = await RedisServer.prepare();
    client = new Redis({ port: redis.port, lazyConnect: true });
    client.on("error", () => undefined);
    service = await Service.start(environment(), { args: ["--api-only"], token: tokens["submitter"] ?? "" });
  });
  after(async () => {
    await Promise.all(workers.map((worker) => worker.stop("SIGKILL")));
    await service[Symbol.asyncDispose]();
    client.disconnect();
    await redis[Symbol.asyncDispose]();
    await chain[Symbol.asyncDispose]();
  });

  const environment = (more: Readonly<Record<string, string>> = {}): Record<string, string> =>
    chain.env({
      REDIS_URL: redis.url,
      ASSAY_SEAL_KEYS_FILE: join(chain.folder, "seal-keys"),
      ASSAY_TOKENS_FILE: join(chain.folder, "tokens.yaml"),
      ...more,
    });

  async function startWorker(slots: number): Promise<AssayProcess> {
    const worker = new AssayProcess(["worker"], environment({ ASSAY_CONCURRENCY: String(slots) }));
    workers.push(worker);
    await worker.says(/^working on up to/m);
    return worker;
  }

  async function push(signed: boolean): Promise<Pushed> {
    made += 1;
    const repository = `shop/image-${made}`;
    const built = await chain.push(`${repository}:1`, { user: "65532", labels: { repository } }, DISTROLESS_FILES);
    const { digest } = built.manifest.descriptor;
    if (signed) await chain.sign(repository, digest);
    return { image: chain.ref(`${repository}:1`), repository, digest, decision: signed ? "allow" : "deny" };
  }

  async function readiness(until: number): Promise<void> {
    const deadline = Date.now() + 15_000;
    let status = 0;
    while (status !== until) {
      if (Date.now() > deadline) throw new Error(`readyz stays at ${status}`);
      status = (await service.ask("GET", "/readyz")).status;
      if (status !== until) await sleep(100);
    }
  }

  async function judgedBy(id: string): Promise<{ readonly image: string; digest: unknown; decision: unknown }> {
    const { image, verdict } = await service.finished(id);
    return { image, digest: verdict?.digest, decision: verdict?.decision };
  }

  const expected = ({ image, digest, decision }: Pushed) => ({ image, digest, decision });

  test("starts without Redis, says so, accepts nothing, and recovers by itself", async () => {
    await readiness(503);
    const { image } = await push(true);
    const refused = await service.ask<ProblemJson>("POST", "/v1/verifications", { body: { images: [image] } });
    assert.equal(refused.status, 503);
    assert.equal(refused.body.type, "https://assay.dev/problems/store-unavailable");
    const unknown = await service.verdict(image);
    assert.equal(unknown.status, 503);
    assert.notEqual(unknown.body.decision, "allow");
    const worker = await startWorker(4);
    await redis.start();
    await client.connect();
    await readiness(200);
    const [id = ""] = await service.accepted([image]);
    assert.equal((await service.finished(id)).verdict?.decision, "allow");
    assert.equal(worker.isGone, false);
  });

  test("wants a token, and of a reader takes no work", async () => {
    const { image } = await push(true);
    const body = { images: [image] };
    assert.equal((await service.ask("POST", "/v1/verifications", { body, token: undefined })).status, 401);
    assert.equal((await service.ask("POST", "/v1/verifications", { body, token: "guessed".repeat(8) })).status, 401);
    const reader = tokens["reader"];
    assert.equal((await service.ask("POST", "/v1/verifications", { body, token: reader })).status, 403);
    const query = new URLSearchParams({ image }).toString();
    const looked = await service.ask<ProblemJson>("GET", `/v1/verdicts?${query}`, { token: reader });
    assert.equal(looked.status, 404);
    assert.equal(looked.body.queued, false);
  });

  test("ends fifty jobs with their own verdicts though a worker is killed over some", async () => {
    const second = await startWorker(4);
    const pushed: Pushed[] = [];
    for (let index = 0; index < 50; index += 1) pushed.push(await push(index % 2 === 0));
    chain.registry.forget();
    const release = chain.registry.hold(MANIFESTS);
    const done = await client.zcard("assay:jobs:completed");
    const ids = await service.accepted(pushed.map(({ image }) => image));
    assert.equal(new Set(ids).size, 50);
    await chain.registry.sees(MANIFESTS, 8);
    await second.stop("SIGKILL");
    release();
    assert.deepEqual(await Promise.all(ids.map(judgedBy)), pushed.map(expected));
    assert.equal((await client.zcard("assay:jobs:completed")) - done, 50);
    const { body } = await service.ask<Checks>("GET", "/readyz");
    assert.deepEqual(body.checks.queue, { ok: true, waiting: 0, active: 0, delayed: 0 });
  });

  test("lets a normal job overtake queued scans, and makes one job of an image asked for twice", async () => {
    const [former] = workers;
    assert.equal((await former?.stop("SIGTERM"))?.code, 0);
    await startWorker(1);
    const [running, ...queued] = await Promise.all([true, false, true, true, false].map(push));
    assert.ok(running !== undefined);
    chain.registry.forget();
    const release = chain.registry.hold(MANIFESTS);
    const first = await service.accepted([running.image]);
    await chain.registry.sees(MANIFESTS, 1);
    const scans = await service.accepted(
      queued.slice(0, 3).map(({ image }) => image),
      "scan",
    );
    const twice = await service.accepted([queued[2]?.image ?? ""], "scan");
    assert.deepEqual(twice, scans.slice(2));
    const normal = await service.accepted(queued.slice(3).map(({ image }) => image));
    release();
    const ends = await Promise.all([...first, ...scans, ...normal].map(judgedBy));
    assert.deepEqual(ends, [running, ...queued].map(expected));
    const order = chain.registry.seen({ ...MANIFESTS, reference: "1" }).map(({ repository }) => repository);
    assert.deepEqual(order.slice(0, 2), [running.repository, queued[3]?.repository]);
    assert.equal(order.length, 5);
  });

  test("goes on by itself after Redis was killed and came back, with every accepted job", async () => {
    const pushed = await Promise.all([true, false, true].map(push));
    chain.registry.forget();
    const release = chain.registry.hold(MANIFESTS);
    const ids = await service.accepted(pushed.map(({ image }) => image));
    await chain.registry.sees(MANIFESTS, 1);
    await redis.stop("SIGKILL");
    await readiness(503);
    await redis.start();
    await readiness(200);
    release();
    assert.deepEqual(await Promise.all(ids.map(judgedBy)), pushed.map(expected));
  });

  test("believes no record that was changed or moved in Redis", async () => {
    const [good, bad] = await Promise.all([push(true), push(false)]);
    const ids = await service.accepted([good.image, bad.image]);
    const ends = await Promise.all(ids.map((id) => service.finished(id)));
    assert.deepEqual(
      ends.map(({ verdict }) => verdict?.decision),
      ["allow", "deny"],
    );

    for (const space of ["dossier", "facts", "resolution", "verdict", "verdict-latest", "document"]) {
      for (const key of await recordsOf(space)) await flipLastByte(key);
    }
    const miss = await service.verdict(good.image);
    assert.equal(miss.status, 404);
    assert.equal(miss.body.type, "https://assay.dev/problems/unknown");
    assert.equal((await service.job(ids[0] ?? "")).body.verdict, undefined);
    for (const { image, digest, decision } of [good, bad]) {
      const anew = await service.judged(image);
      assert.deepEqual([anew.digest, anew.decision], [digest, decision]);
    }

    await overwriteEach("resolution", good.image, bad.image);
    await overwriteEach("dossier", good.digest, bad.digest);
    const again = await service.judged(bad.image);
    assert.deepEqual([again.digest, again.decision], [bad.digest, "deny"]);
  });

  test("shows no verdict for a job whose queue entry was written by somebody else", async () => {
    const [good, bad] = await Promise.all([push(true), push(false)]);
    const [goodId = "", badId = ""] = await service.accepted([good.image, bad.image]);
    const ends = await Promise.all([goodId, badId].map((id) => service.finished(id)));
    assert.deepEqual(
      ends.map(({ verdict }) => verdict?.decision),
      ["allow", "deny"],
    );
    const allowed = (await client.hget(`assay:jobs:${goodId}`, "returnvalue")) ?? "";
    for (const planted of [allowed, JSON.stringify(ends[0]?.verdict?.id)]) {
      await client.hset(`assay:jobs:${badId}`, "returnvalue", planted);
      const lent = await service.job(badId);
      assert.equal(lent.body.image, bad.image);
      assert.equal(lent.body.state, "failed");
      assert.equal(lent.body.verdict, undefined);
    }

    await client.hset(`assay:jobs:${badId}`, "data", (await client.hget(`assay:jobs:${goodId}`, "data")) ?? "");
    const moved = await service.job(badId);
    assert.equal(moved.body.state, "failed");
    assert.equal(moved.body.problem?.code, "forged");
    assert.equal(moved.body.verdict, undefined);
  });

  test("shows a job no verdict from when its tag led to another image", async () => {
    const image = await push(true);
    const [formerId = ""] = await service.accepted([image.image]);
    assert.equal((await service.finished(formerId)).verdict?.decision, "allow");
    const tagged = `${image.repository}:1`;
    await chain.push(tagged, { user: "0", labels: { moved: image.repository } }, DISTROLESS_FILES);
    const [id = ""] = await service.accepted([image.image]);
    assert.equal((await service.finished(id)).verdict?.decision, "deny");
    const former = (await client.hget(`assay:jobs:${formerId}`, "returnvalue")) ?? "";
    await client.hset(`assay:jobs:${id}`, "returnvalue", former);
    const { body } = await service.job(id);
    assert.deepEqual([body.state, body.verdict], ["failed", undefined]);
  });

  test("runs no job that somebody else wrote into the queue", async () => {
    const [running, queued, lure] = await Promise.all([push(false), push(false), push(true)]);
    chain.registry.forget();
    const release = chain.registry.hold(MANIFESTS);
    const [first = ""] = await service.accepted([running.image]);
    await chain.registry.sees(MANIFESTS, 1);
    const [id = ""] = await service.accepted([queued.image]);
    const data = JSON.parse((await client.hget(`assay:jobs:${id}`, "data")) ?? "{}") as { readonly sealed: string };
    const text = Buffer.from(data.sealed, "base64").toString("latin1").replace(queued.repository, lure.repository);
    const sealed = Buffer.from(text, "latin1").toString("base64");
    await client.hset(`assay:jobs:${id}`, "data", JSON.stringify({ sealed }));
    release();
    assert.equal((await service.finished(id)).problem?.code, "forged");
    await service.finished(first);
    assert.deepEqual(chain.registry.seen({ repository: lure.repository }), []);
  });

  test("keeps neither policy, nor key, nor token, nor a decision that counts without its seal", async () => {
    const { image } = await push(true);
    await service.judged(image);
    const secrets = [...Object.values(tokens), "production", chain.key.pem.split("\n")[1] ?? ""];
    for (const key of await client.keys("assay:{*}:*")) {
      const space = /\{(.+)\}/.exec(key)?.[1] ?? "";
      const value = (await client.getBuffer(key)) ?? Buffer.alloc(0);
      // A document is named by its hash, and needs no seal.
      if (space !== "request" && space !== "document")
        assert.equal(value.subarray(0, 4).toString("latin1"), "\u0001\u0002k1", key);
      for (const secret of secrets) {
        const isSealedVerdict = space === "verdict" && secret === "production";
        assert.ok(isSealedVerdict || !value.includes(secret), `${key} holds ${secret}`);
      }
    }
  });

  test("refuses an open Redis elsewhere, and one without shared seal keys", async () => {
    const open = await runAssay(["worker"], environment({ REDIS_URL: "redis://redis.example.com:6379" }));
    assert.equal(open.code, 3);
    assert.match(open.err, /redis\.example\.com would be used without TLS and without a password: use rediss:/);
    assert.match(open.err, /ASSAY_UNSAFE_PLAINTEXT_REDIS/);
    const keyless = await runAssay(["serve"], environment({ ASSAY_SEAL_KEYS_FILE: "" }));
    assert.equal(keyless.code, 3);
    assert.match(keyless.err, /ASSAY_SEAL_KEYS_FILE is not: processes that share Redis must share seal keys/);
    assert.equal(open.out + keyless.out, "");
  });

  async function recordsOf(space: string): Promise<readonly string[]> {
    const keys = await client.keys(`assay:{${space}}:*`);
    assert.notEqual(keys.length, 0, `there are records of ${space}`);
    return keys;
  }

  async function flipLastByte(key: string): Promise<void> {
    const value = (await client.getBuffer(key)) ?? Buffer.alloc(0);
    value[value.length - 1] = (value.at(-1) ?? 0) ^ 1;
    await client.set(key, value, "KEEPTTL");
  }

  /** Puts what is stored under keys that end in one text under those that end in the other. */
  async function overwriteEach(space: string, from: string, to: string): Promise<void> {
    const keys = await recordsOf(space);
    const source = keys.find((key) => key.endsWith(from));
    const target = keys.find((key) => key.endsWith(to));
    assert.ok(source !== undefined && target !== undefined, `records of ${space} end in ${from} and ${to}`);
    await client.set(target, (await client.getBuffer(source)) ?? "", "KEEPTTL");
  }
});

/** The tokens file for one token of each role, made by the program; the tokens themselves go into `into`. */
async function makeTokens(roles: readonly string[], into: Record<string, string>): Promise<string> {
  const entries = await Promise.all(
    roles.map(async (role) => {
      const { code, out, err } = await runAssay(["token", "--name", role, "--role", role], {});
      assert.equal(code, 0);
      into[role] = out.trim();
      return err.split("\n").find((line) => line.startsWith("  - ")) ?? "";
    }),
  );
  return `tokens:\n${entries.join("\n")}\n`;
}
