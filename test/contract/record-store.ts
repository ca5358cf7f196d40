import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";

import { instantOf } from "../../src/domain/instant.ts";
import type { RecordSpace, RecordStore, Retention } from "../../src/ports/record-store.ts";
import { DEFAULT_RETENTION } from "../../src/ports/retention.ts";

export type RetentionTable = Readonly<Record<RecordSpace, Retention>>;

/** Something that makes empty stores; each keeps to itself. */
export type StoreWorld = {
  readonly name: string;
  readonly start: () => Promise<void>;
  readonly open: (retention: RetentionTable) => Promise<RecordStore>;
  readonly stop: () => Promise<void>;
};

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const text = (value: Uint8Array | undefined): string | undefined =>
  value === undefined ? undefined : new TextDecoder().decode(value);

function verdictsUpTo(bound: Partial<Retention>): RetentionTable {
  return { ...DEFAULT_RETENTION, verdict: { ...DEFAULT_RETENTION.verdict, ...bound } };
}

async function keysOf(store: RecordStore): Promise<readonly string[]> {
  return (await store.list("verdict", { limit: 100 })).records.map(({ key }) => key);
}

/** What every record store does, whatever it keeps the bytes in. */
export function recordStoreContract(world: StoreWorld): void {
  describe(`records in ${world.name}`, () => {
    before(() => world.start());
    after(() => world.stop());

    test("give back exactly the bytes that were put", async () => {
      const store = await world.open(DEFAULT_RETENTION);
      const every = Uint8Array.from({ length: 256 }, (_, index) => index);
      await store.put("document", "sha256:aa", every);
      await store.put("layer", "sha256:aa", bytes("of another space"));
      await store.put("document", "empty", new Uint8Array());
      assert.deepEqual(new Uint8Array((await store.get("document", "sha256:aa")) ?? []), every);
      assert.equal(text(await store.get("layer", "sha256:aa")), "of another space");
      assert.equal((await store.get("document", "empty"))?.length, 0);
      assert.equal(await store.get("facts", "sha256:aa"), undefined);
    });

    test("keep a megabyte and keys with any characters", async () => {
      const store = await world.open(DEFAULT_RETENTION);
      const large = new Uint8Array(1024 * 1024).fill(7);
      const key = "docker.io/library/ä:1 '\"%_*{}\n@sha256:00";
      await store.put("document", key, large);
      assert.equal(Buffer.compare((await store.get("document", key)) ?? new Uint8Array(), large), 0);
    });

    test("let the last write win", async () => {
      const store = await world.open(DEFAULT_RETENTION);
      await store.put("verdict", "a", bytes("first"));
      await store.put("verdict", "a", bytes("second"));
      assert.equal(text(await store.get("verdict", "a")), "second");
      assert.deepEqual(await keysOf(store), ["a"]);
    });

    test("answer many keys in the order asked, with a hole for each that is not there", async () => {
      const store = await world.open(DEFAULT_RETENTION);
      await store.put("verdict", "a", bytes("A"));
      await store.put("verdict", "b", bytes("B"));
      const found = await store.getMany("verdict", ["b", "x", "a", "b"]);
      assert.deepEqual(found.map(text), ["B", undefined, "A", "B"]);
      assert.deepEqual(await store.getMany("verdict", []), []);
    });

    test("are gone once deleted, and deleting nothing is no error", async () => {
      const store = await world.open(DEFAULT_RETENTION);
      await store.put("verdict", "a", bytes("A"));
      await store.delete("verdict", "a");
      await store.delete("verdict", "a");
      assert.equal(await store.get("verdict", "a"), undefined);
      assert.deepEqual(await keysOf(store), []);
    });

    test("are listed newest first, page by page, each once", async () => {
      const store = await world.open(DEFAULT_RETENTION);
      for (const key of ["a", "b", "c", "d", "e"]) await store.put("verdict", key, bytes(key));
      await store.put("verdict", "b", bytes("again"));
      const first = await store.list("verdict", { limit: 2 });
      const second = await store.list("verdict", { limit: 2, after: first.next ?? "" });
      const third = await store.list("verdict", { limit: 2, after: second.next ?? "" });
      assert.deepEqual(
        [first, second, third].map(({ records }) => records.map(({ key }) => key)),
        [["b", "e"], ["d", "c"], ["a"]],
      );
      assert.equal(text(first.records[0]?.bytes), "again");
      assert.equal(third.next, undefined);
    });

    test("are not found after their own expiry, nor after the space's", async () => {
      const store = await world.open(verdictsUpTo({ maxAgeMs: 900 }));
      await store.put("verdict", "soon", bytes("x"), instantOf(Date.now() + 60));
      await store.put("verdict", "past", bytes("x"), instantOf(Date.now() - 1));
      await store.put("verdict", "far", bytes("x"), instantOf(Date.now() + 3_600_000));
      assert.equal(await store.get("verdict", "past"), undefined);
      await sleep(120);
      assert.equal(await store.get("verdict", "soon"), undefined);
      assert.deepEqual(await keysOf(store), ["far"]);
      assert.deepEqual((await store.getMany("verdict", ["soon", "far"])).map(text), [undefined, "x"]);
      await sleep(850);
      assert.equal(await store.get("verdict", "far"), undefined);
    });

    test("lose the oldest when there are too many, and only of their own space", async () => {
      const store = await world.open(verdictsUpTo({ maxEntries: 3 }));
      await store.put("facts", "kept", bytes("F"));
      for (const key of ["a", "b", "c", "d", "e"]) await store.put("verdict", key, bytes(key));
      assert.deepEqual(await keysOf(store), ["e", "d", "c"]);
      assert.equal(await store.get("verdict", "a"), undefined);
      assert.equal(text(await store.get("facts", "kept")), "F");
    });

    test("lose the oldest when they are too large together, and never take one that is too large alone", async () => {
      const store = await world.open(verdictsUpTo({ maxBytes: 10 }));
      for (const key of ["a", "b", "c"]) await store.put("verdict", key, bytes("1234"));
      assert.deepEqual(await keysOf(store), ["c", "b"]);
      await store.put("verdict", "huge", bytes("12345678901"));
      assert.deepEqual(await keysOf(store), ["c", "b"]);
      await store.put("verdict", "b", bytes("12345678901"));
      assert.equal(await store.get("verdict", "b"), undefined, "an outdated value would be worse than none");
    });

    test("count a rewritten record once", async () => {
      const store = await world.open(verdictsUpTo({ maxEntries: 2, maxBytes: 8 }));
      await store.put("verdict", "a", bytes("1234"));
      for (let round = 0; round < 5; round += 1) await store.put("verdict", "b", bytes("1234"));
      assert.deepEqual(await keysOf(store), ["b", "a"]);
    });

    test("make room for new ones when trimmed after expiry", async () => {
      const store = await world.open(verdictsUpTo({ maxEntries: 2 }));
      await store.put("verdict", "a", bytes("A"));
      await store.put("verdict", "b", bytes("B"), instantOf(Date.now() + 30));
      await sleep(60);
      await store.trim();
      await store.put("verdict", "c", bytes("C"));
      assert.deepEqual(await keysOf(store), ["c", "a"]);
    });

    test("answer a ping", async () => {
      const store = await world.open(DEFAULT_RETENTION);
      await store.ping();
    });
  });
}
