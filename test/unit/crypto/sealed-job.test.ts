import assert from "node:assert/strict";
import { test } from "node:test";

import { openJob, openJobEnd, sealJob, sealJobEnd } from "../../../src/crypto/sealed-job.ts";
import { digestOf } from "../../../src/crypto/digest-of.ts";
import { seal } from "../../../src/crypto/sealed-record.ts";
import { parseInstant } from "../../../src/domain/instant.ts";
import type { JobId } from "../../../src/domain/job.ts";
import { freshKeyring } from "../../support/keyring.ts";

const NOW = parseInstant("2026-11-21T12:00:00Z");
const ID = "11111111-1111-4111-8111-111111111111" as JobId;
const OTHER = "22222222-2222-4222-8222-222222222222" as JobId;
const TICKET = { job: { kind: "verify", image: "registry.example.com/shop/web:1" }, submittedAt: NOW } as const;
const keyring = freshKeyring();

test("a job's payload opens for its own id only", () => {
  const sealed = sealJob(ID, TICKET, keyring);
  assert.deepEqual(openJob(ID, sealed, NOW, keyring), { kind: "opened", ticket: TICKET });
  assert.deepEqual(openJob(OTHER, sealed, NOW, keyring), { kind: "refused", why: "moved" });
});

test("a sealed record of another kind is no job", () => {
  const verdict = seal(Buffer.from(JSON.stringify({ v: 1, ...TICKET })), { space: "verdict", key: ID }, keyring);
  assert.deepEqual(openJob(ID, verdict, NOW, keyring), { kind: "refused", why: "moved" });
});

test("the end of a job tells its verdict for its own id only, and nothing but what was sealed as such", () => {
  const verdict = digestOf("a verdict");
  const end = sealJobEnd(ID, verdict, keyring);
  assert.equal(openJobEnd(ID, end, NOW, keyring), verdict);
  assert.equal(openJobEnd(OTHER, end, NOW, keyring), undefined);
  assert.equal(openJobEnd(ID, sealJobEnd(ID, verdict, freshKeyring()), NOW, keyring), undefined);
  const job = Buffer.from(sealJob(ID, TICKET, keyring)).toString("base64");
  for (const other of [job, verdict, "", undefined, null, 7, Buffer.from(end, "base64")]) {
    assert.equal(openJobEnd(ID, other, NOW, keyring), undefined);
  }
  const words = seal(Buffer.from("allow"), { space: "job-end", key: ID }, keyring);
  assert.equal(openJobEnd(ID, Buffer.from(words).toString("base64"), NOW, keyring), undefined);
});

test("a job of another version is not run", () => {
  const later = seal(Buffer.from(JSON.stringify({ v: 2, ...TICKET })), { space: "job", key: ID }, keyring);
  assert.deepEqual(openJob(ID, later, NOW, keyring), { kind: "refused", why: "malformed" });
});
