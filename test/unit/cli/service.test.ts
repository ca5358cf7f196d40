import assert from "node:assert/strict";
import { test } from "node:test";

import { PortError } from "../../../src/domain/errors.ts";
import type { Policy } from "../../../src/domain/policy.ts";
import { cli, fakeWorld, startCli, type Running } from "../../support/cli-fake.ts";

const REDIS = { REDIS_URL: "rediss://user:secret@redis.example.com:6379" };

/** The command listens for signals once it has said what is in force. */
async function started(running: Running): Promise<void> {
  while (!running.err().includes("policies from")) await new Promise((resolve) => setImmediate(resolve));
}

test("serve starts workers before the API, prints the address alone, and ends in order on SIGTERM", async () => {
  const fake = fakeWorld();
  fake.set = { ...fake.set, policies: [{ name: "production" } as Policy] };
  const running = startCli(["serve", "--policy", "p"], fake);
  await started(running);
  running.signal("SIGTERM");
  const ran = await running.done;
  assert.equal(ran.code, 0);
  assert.equal(ran.out, "listening on http://127.0.0.1:7070\n");
  assert.match(ran.err, /world: embedded, in \.\/assay-data/);
  assert.match(ran.err, /policies from p: production; authorities: none/);
  assert.match(ran.err, /SIGTERM: finishing what is running, for at most 25s/);
  assert.deepEqual(fake.calls, ["start workers", "start api", "close app 25000"]);
});

test("serve says when no policy is in force, and every weakening of its configuration", async () => {
  const env = {
    ASSAY_UNSAFE_UNMATCHED: "allow",
    ASSAY_UNSAFE_PLAIN_HTTP: "a:5000",
    ASSAY_UNSAFE_PLAINTEXT_REDIS: "true",
  };
  const running = startCli(["serve"], fakeWorld(), { env });
  await started(running);
  running.signal("SIGINT");
  const { err } = await running.done;
  assert.match(err, /policies from \.\/policy: none, so that every image is denied/);
  for (const option of ["ASSAY_UNSAFE_UNMATCHED=allow", "plain HTTP to a:5000", "ASSAY_UNSAFE_PLAINTEXT_REDIS"]) {
    assert.ok(err.includes(`lowered security: ${option}\n`));
  }
});

test("serve names the host of Redis and not its password", async () => {
  const running = startCli(["serve"], fakeWorld(), { env: REDIS });
  await started(running);
  running.signal("SIGINT");
  const { err } = await running.done;
  assert.match(err, /world: redis at redis\.example\.com:6379/);
  assert.doesNotMatch(err, /secret/);
});

for (const [name, code] of [
  ["SIGINT", 130],
  ["SIGTERM", 143],
] as const) {
  test(
    `a second ${name} ends serve at once with ${code}, though running work has not finished`,
    { timeout: 2500 },
    async () => {
      const fake = fakeWorld();
      fake.hangsOnClose = true;
      const running = startCli(["serve", "--grace", "10m"], fake);
      await started(running);
      running.signal("SIGTERM");
      running.signal(name);
      assert.equal((await running.done).code, code);
    },
  );
}

test("serve --api-only starts no workers, and is refused where nobody else would work", async () => {
  const fake = fakeWorld();
  const running = startCli(["serve", "--api-only"], fake, { env: REDIS });
  await started(running);
  running.signal("SIGINT");
  await running.done;
  assert.ok(!fake.calls.includes("start workers"));
  const alone = await cli(["serve", "--api-only"]);
  assert.equal(alone.code, 3);
  assert.match(alone.err, /--api-only leaves nobody to do the work: set REDIS_URL/);
});

test("serve closes what it opened when it cannot start, and exits 2 for a store that is away", async () => {
  const fake = fakeWorld();
  fake.workersError = new PortError("store-unavailable", "redis.example.com", "connection refused");
  const ran = await cli(["serve"], fake);
  assert.equal(ran.code, 2);
  assert.match(ran.err, /assay: redis\.example\.com: connection refused/);
  assert.deepEqual(fake.calls, ["close app 0"]);
});

test("serve stops its workers when the API cannot start", async () => {
  const fake = fakeWorld();
  fake.apiError = new PortError("unreachable", "127.0.0.1:7070", "address in use");
  assert.equal((await cli(["serve"], fake)).code, 2);
  assert.deepEqual(fake.calls, ["start workers", "close app 0"]);
});

test("worker starts workers only, and hands back what is running after --grace", async () => {
  const fake = fakeWorld();
  const running = startCli(["worker", "--grace", "3s"], fake, { env: REDIS });
  await started(running);
  running.signal("SIGTERM");
  const ran = await running.done;
  assert.equal(ran.code, 0);
  assert.equal(ran.out, "working on up to 8 jobs at once\n");
  assert.deepEqual(fake.calls, ["start workers", "close app 3000"]);
});

test("worker is refused without Redis: nobody could queue anything for it", async () => {
  const ran = await cli(["worker"]);
  assert.equal(ran.code, 3);
  assert.match(ran.err, /REDIS_URL is not set, so there is no queue to work on/);
});

test("a grace that is no duration is refused by name", async () => {
  const ran = await cli(["serve", "--grace", "long"]);
  assert.equal(ran.code, 3);
  assert.match(ran.err, /--grace: "long" is not a duration/);
});
