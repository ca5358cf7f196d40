import assert from "node:assert/strict";
import { copyFile, mkdtemp, open, readFile, rm, stat, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";

import { openDatabase, type EmbeddedDatabase } from "../../src/adapters/embedded/database.ts";
import { embeddedJobQueue } from "../../src/adapters/embedded/job-queue.ts";
import { embeddedRecordStore } from "../../src/adapters/embedded/record-store.ts";
import { digestOf } from "../../src/crypto/digest-of.ts";
import { newSealKeyLine } from "../../src/crypto/seal-keys.ts";
import { DEFAULT_JOB_LIMITS } from "../../src/domain/job-limits.ts";
import type { JobRecord } from "../../src/domain/job.ts";
import type { JobQueue } from "../../src/ports/job-queue.ts";
import type { RecordStore } from "../../src/ports/record-store.ts";
import { DEFAULT_RETENTION } from "../../src/ports/retention.ts";
import { Child } from "../support/child.ts";
import { freshKeyring } from "../support/keyring.ts";
import { SYSTEM_CLOCK } from "../support/system-clock.ts";

/** `ASSAY_CRASH_POINTS=1000` for a long run. */
const CRASH_POINTS = Number(process.env["ASSAY_CRASH_POINTS"] ?? "60");
const KEYRING = freshKeyring();

const queueOn = (database: EmbeddedDatabase): JobQueue =>
  embeddedJobQueue(database, {
    keyring: KEYRING,
    clock: SYSTEM_CLOCK,
    limits: DEFAULT_JOB_LIMITS,
    onRefused: () => assert.fail("a torn job was read"),
  });
const recordsOn = (database: EmbeddedDatabase): RecordStore =>
  embeddedRecordStore(database, { retention: DEFAULT_RETENTION, clock: SYSTEM_CLOCK });
const submit = (queue: JobQueue, image: string): Promise<JobRecord> =>
  queue.enqueue({ kind: "verify", image }, { key: image, priority: "normal" });

describe("the embedded database", () => {
  let folder = "";
  let file = "";
  const opened: EmbeddedDatabase[] = [];
  const openFile = (path = file): EmbeddedDatabase => {
    const database = openDatabase(path);
    opened.push(database);
    return database;
  };

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "assay-embedded-"));
    file = join(folder, "assay.db");
  });
  afterEach(async () => {
    for (const database of opened.splice(0)) database.close();
    await rm(folder, { recursive: true });
  });

  const refusal = (detail: RegExp) => (error: Error & { readonly code?: string }) => {
    assert.equal(error.name, "PortError");
    assert.equal(error.code, "store-unavailable");
    assert.ok(error.message.includes(file), "names the file");
    assert.match(error.message, detail);
    return true;
  };

  test("keeps records and jobs when it is closed and opened again", async () => {
    const first = openFile();
    await recordsOn(first).put("verdict", "a", Buffer.from("A"));
    const { id } = await submit(queueOn(first), "a");
    first.close();
    const second = openFile();
    assert.equal(Buffer.from((await recordsOn(second).get("verdict", "a"))!).toString(), "A");
    assert.equal((await queueOn(second).find(id))?.state.kind, "waiting");
  });

  test("of the version before trust memory is given that, and all that came later, when it is opened", async () => {
    const first = openFile();
    await recordsOn(first).put("verdict", "a", Buffer.from("A"));
    first.close();
    const older = new DatabaseSync(file);
    for (const table of ["trust_memory", "base_chain", "lease"]) older.exec(`DROP TABLE record_${table}`);
    older.exec("PRAGMA user_version = 1");
    older.close();
    const records = recordsOn(openFile());
    assert.equal(Buffer.from((await records.get("verdict", "a"))!).toString(), "A");
    for (const space of ["trust-memory", "base-chain", "lease"] as const)
      assert.equal(await records.replace(space, "k", undefined, Buffer.from("1")), true);
  });

  test("is refused to a second process and to a second opening while it is in use, and is free after a kill", async () => {
    await using child = new Child("queue-child.ts", ["embedded", file, newSealKeyLine("k").trim()]);
    assert.ok(await child.hears((line) => line === "ready"));
    assert.throws(() => openDatabase(file), refusal(/in use by another process/));
    await child.kill();
    openFile();
    assert.throws(() => openDatabase(file), refusal(/in use by another process/));
  });

  test("refuses a file that is not a database, and leaves it as it is", async () => {
    await writeFile(file, "not a database at all, but a text that someone may want back\n".repeat(100));
    const before = await readFile(file);
    assert.throws(() => openDatabase(file), refusal(/is not a SQLite database: move the file away/));
    assert.deepEqual(await readFile(file), before);
  });

  test("refuses a damaged file, and leaves it as it is", async () => {
    const database = openFile();
    const store = recordsOn(database);
    for (let index = 0; index < 200; index += 1) await store.put("facts", `${index}`, Buffer.alloc(3000, index));
    database.close();
    const handle = await open(file, "r+");
    const { size } = await handle.stat();
    for (let at = 8192; at < size; at += 4096) await handle.write(Buffer.alloc(64, 0xff), 0, 64, at);
    await handle.close();
    const before = await readFile(file);
    assert.throws(() => openDatabase(file), refusal(/is damaged: .*move the file away/));
    assert.deepEqual(await readFile(file), before);
  });

  test("refuses a file of another program and one of a newer version, and leaves it as it is", async () => {
    const other = new DatabaseSync(file);
    other.exec("CREATE TABLE precious (x)");
    other.close();
    const before = await readFile(file);
    assert.throws(() => openDatabase(file), refusal(/belongs to another program/));
    assert.deepEqual(await readFile(file), before);
    file = join(folder, "newer.db");
    openFile().close();
    const newer = new DatabaseSync(file);
    newer.exec("PRAGMA user_version = 1000");
    newer.close();
    assert.throws(() => openDatabase(file), refusal(/newer version/));
  });

  test("says which folder is missing", () => {
    file = join(folder, "missing", "assay.db");
    assert.throws(() => openDatabase(file), refusal(/cannot be opened: check that its folder exists/));
  });

  test("refuses writes while the disk is full, goes on reading, and takes writes again once there is space", async () => {
    const database = openFile();
    const store = recordsOn(database);
    const queue = queueOn(database);
    await store.put("verdict", "kept", Buffer.from("K"));
    const { id } = await submit(queue, "kept");
    const pages = Number(database.statement("PRAGMA page_count").get()?.["page_count"]);
    database.statement(`PRAGMA max_page_count = ${pages}`).get();
    await assert.rejects(
      store.put("verdict", "large", Buffer.alloc(500_000)),
      refusal(/disk is full, free some space/),
    );
    const lot = Array.from({ length: 200 }, (_, index) => submit(queue, `${index}`));
    const results = await Promise.allSettled(lot);
    const failed = results.filter((result) => result.status === "rejected");
    assert.ok(failed.length > 0);
    for (const result of failed) refusal(/disk is full/)(result.reason as Error);
    assert.equal(Buffer.from((await store.get("verdict", "kept"))!).toString(), "K");
    assert.equal((await queue.find(id))?.state.kind, "waiting");
    assert.equal((await queue.counts()).waiting, 1 + results.length - failed.length, "who was told so is in the queue");
    database.statement("PRAGMA max_page_count = 1000000").get();
    await store.put("verdict", "large", Buffer.alloc(500_000));
    assert.equal((await store.get("verdict", "large"))?.length, 500_000);
    await submit(queue, "after");
  });

  test("keeps a finished job's end until it can be written", async () => {
    const database = openFile();
    const queue = queueOn(database);
    const { id } = await submit(queue, "a");
    const begun = Promise.withResolvers<void>();
    const go = Promise.withResolvers<void>();
    await queue.work(
      async ({ job }) => {
        begun.resolve();
        await go.promise;
        return { kind: "done", verdict: digestOf(job.image) };
      },
      { concurrency: 1 },
    );
    await begun.promise;
    database.statement("PRAGMA query_only = 1").get();
    await assert.rejects(submit(queue, "b"), refusal(/cannot be written: .*read-only/));
    go.resolve();
    await sleep(50);
    assert.equal((await queue.find(id))?.state.kind, "active");
    database.statement("PRAGMA query_only = 0").get();
    assert.equal((await queue.wait(id, AbortSignal.timeout(5000)))?.state.kind, "done");
    await queue.close();
  });

  test(`cut off at ${CRASH_POINTS} points of its log holds every job acknowledged by then, and no torn one`, async () => {
    const database = openFile();
    const queue = queueOn(database);
    const accepted: { readonly record: JobRecord; readonly logBytes: number }[] = [];
    for (let index = 0; index < 40; index += 1) {
      const record = await submit(queue, `image ${index}`);
      accepted.push({ record, logBytes: (await stat(`${file}-wal`)).size });
    }
    const copy = join(folder, "copy.db");
    const log = (await stat(`${file}-wal`)).size;
    const start = accepted[0]!.logBytes;
    for (let point = 0; point < CRASH_POINTS; point += 1) {
      await copyFile(file, copy);
      await copyFile(`${file}-wal`, `${copy}-wal`);
      const cut = point === 0 ? start : start + Math.floor(Math.random() * (log - start));
      await truncate(`${copy}-wal`, cut);
      const crashed = openDatabase(copy);
      const found = await Promise.all(accepted.map(({ record }) => queueOn(crashed).find(record.id)));
      for (const [index, { record, logBytes }] of accepted.entries()) {
        if (logBytes <= cut) assert.deepEqual(found[index], record, `cut at ${cut} of ${log}`);
        else assert.ok(found[index] === undefined || found[index].job.image === record.job.image);
      }
      crashed.close();
      await rm(`${copy}-wal`, { force: true });
    }
  });
});
