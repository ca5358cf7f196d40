import assert from "node:assert/strict";
import { test } from "node:test";

import { formatTarget, parseRedisUrl } from "../../../src/adapters/redis/target.ts";

const SAFE = { unsafeOpenRedis: false };

test("a Redis address gives host, port, database, credentials and TLS", () => {
  assert.deepEqual(parseRedisUrl("rediss://assay:p%40ss@redis.example.com:6390/3", SAFE), {
    host: "redis.example.com",
    port: 6390,
    db: 3,
    username: "assay",
    password: "p@ss",
    tls: true,
  });
  assert.deepEqual(parseRedisUrl("redis://[::1]", SAFE), {
    host: "::1",
    port: 6379,
    db: 0,
    username: undefined,
    password: undefined,
    tls: false,
  });
});

test("a Redis open to the network is refused unless it is said to be unsafe", () => {
  for (const url of ["redis://redis:6379", "redis://10.0.0.1", "redis://user@redis", "redis://127.evil.example.com"]) {
    assert.throws(
      () => parseRedisUrl(url, SAFE),
      /without TLS and without a password: .*ASSAY_UNSAFE_PLAINTEXT_REDIS=true/,
      url,
    );
    assert.equal(parseRedisUrl(url, { unsafeOpenRedis: true }).tls, false);
  }
  for (const url of [
    "redis://:secret@redis",
    "rediss://redis",
    "redis://localhost",
    "redis://127.0.0.2",
    "redis://[::1]",
  ]) {
    parseRedisUrl(url, SAFE);
  }
});

test("an address that is none is refused without its password", () => {
  for (const url of [
    "",
    "redis",
    "http://a",
    "redis://",
    "redis://:hunter2@a/x",
    "redis://:hunter2@a/0?tls=no",
    "redis://:hunter2@a:99999",
  ]) {
    assert.throws(
      () => parseRedisUrl(url, SAFE),
      (error: Error) => error.name === "InputError" && !error.message.includes("hunter2"),
      url,
    );
  }
});

test("an address is printed without credentials", () => {
  assert.equal(
    formatTarget(parseRedisUrl("redis://u:hunter2@redis.example.com", SAFE)),
    "Redis at redis.example.com:6379",
  );
  assert.equal(formatTarget(parseRedisUrl("redis://[::1]:7", SAFE)), "Redis at [::1]:7");
});
