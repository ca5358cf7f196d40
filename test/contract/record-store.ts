import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";

import { digestOf } from "../../src/crypto/digest-of.ts";
import type { Keyring } from "../../src/crypto/seal-keys.ts";
import { PortError } from "../../src/domain/errors.ts";
import { instantOf } from "../../src/domain/instant.ts";
import { parseRepository, parseTag } from "../../src/domain/reference.ts";
import type { Clock } from "../../src/ports/clock.ts";
import type { RecordSpace, RecordStore, Retention } from "../../src/ports/record-store.ts";
import { DEFAULT_RETENTION } from "../../src/ports/retention.ts";
import type { TrustMemory } from "../../src/ports/trust-memory.ts";
import { BaseCatalogue } from "../../src/records/base-catalogue.ts";
import { createTrustMemory } from "../../src/records/trust-memory.ts";
import { freshKeyring } from "../support/keyring.ts";
import { SYSTEM_CLOCK } from "../support/system-clock.ts";

export type RetentionTable = Readonly<Record<RecordSpace, Retention>>;

/** Something that makes empty stores; each keeps to itself. */
export type StoreWorld = {
  readonly name: string;
  readonly start: () => Promise<void>;
  readonly open: (retention: RetentionTable, clock?: Clock) => Promise<RecordStore>;
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

    test("are replaced only where what stands there is what was expected", async () => {
      const store = await world.open(DEFAULT_RETENTION);
      assert.equal(await store.replace("trust-memory", "a", bytes("1"), bytes("2")), false, "nothing stands there");
      assert.equal(await store.get("trust-memory", "a"), undefined);
      assert.equal(await store.replace("trust-memory", "a", undefined, bytes("1")), true);
      assert.equal(await store.replace("trust-memory", "a", undefined, bytes("2")), false, "something stands there");
      assert.equal(await store.replace("trust-memory", "a", bytes(""), bytes("2")), false, "empty is not nothing");
      assert.equal(await store.replace("trust-memory", "a", bytes("1"), bytes("2")), true);
      assert.equal(await store.replace("trust-memory", "a", bytes("1"), bytes("3")), false, "an older state");
      assert.equal(text(await store.get("trust-memory", "a")), "2");
      assert.equal((await store.list("trust-memory", { limit: 9 })).records.length, 1);
    });

    test("are replaced by one of many writers that expect the same", async () => {
      const store = await world.open(DEFAULT_RETENTION);
      await store.put("trust-memory", "a", bytes("before"));
      const writers = Array.from({ length: 16 }, (_, at) => `writer ${at}`);
      const won = await Promise.all(
        writers.map((name) => store.replace("trust-memory", "a", bytes("before"), bytes(name))),
      );
      assert.equal(won.filter(Boolean).length, 1);
      assert.equal(text(await store.get("trust-memory", "a")), writers[won.indexOf(true)]);
    });

    test("of what was seen are not lost by age or number", async () => {
      let now = Date.now();
      const store = await world.open(DEFAULT_RETENTION, { now: () => instantOf(now) });
      for (let at = 0; at < 40; at += 1) {
        await store.replace("trust-memory", `key ${at}`, undefined, new Uint8Array(64 * 1024));
      }
      now += 50 * 365 * 24 * 3_600_000;
      await store.trim();
      assert.equal((await store.list("trust-memory", { limit: 100 })).records.length, 40);
    });

    describe("with a trust memory over them", () => {
      const memoryOver = (store: RecordStore, keyring: Keyring, refused: string[] = []): TrustMemory =>
        createTrustMemory({ store, keyring, clock: SYSTEM_CLOCK, onRefused: (_space, _key, why) => refused.push(why) });

      test("remember versions that never go down, with two writers at the same time", async () => {
        const store = await world.open(DEFAULT_RETENTION);
        const keyring = freshKeyring();
        const seen: number[] = [];
        const raise = async (memory: TrustMemory, to: number): Promise<void> => {
          for (;;) {
            const before = await memory.get("collection");
            const version = Number(text(before) ?? "0");
            seen.push(version);
            if (version >= to || (await memory.replace("collection", before, bytes(String(to))))) return;
          }
        };
        const writer = async (memory: TrustMemory, versions: readonly number[]): Promise<void> => {
          for (const version of versions) await raise(memory, version);
        };
        const versions = Array.from({ length: 20 }, (_, at) => at + 1);
        await Promise.all([
          writer(memoryOver(store, keyring), versions),
          writer(memoryOver(store, keyring), versions.toReversed()),
        ]);
        assert.equal(text(await memoryOver(store, keyring).get("collection")), "20");
        assert.deepEqual(
          seen,
          seen.toSorted((a, b) => a - b),
          "each look shows at least what the look before it showed",
        );
      });

      test("are a failure and never nothing where they do not open, and are not written over", async () => {
        const store = await world.open(DEFAULT_RETENTION);
        const refused: string[] = [];
        await memoryOver(store, freshKeyring()).replace("collection", undefined, bytes("7"));
        const sealed = await store.get("trust-memory", "collection");
        const stranger = memoryOver(store, freshKeyring(), refused);
        const isUnavailable = (error: unknown): boolean =>
          error instanceof PortError && error.code === "store-unavailable" && error.retryable;
        await assert.rejects(stranger.get("collection"), isUnavailable);
        await assert.rejects(stranger.replace("collection", undefined, bytes("1")), isUnavailable);
        assert.deepEqual(refused, ["forged", "forged"]);
        assert.deepEqual(await store.get("trust-memory", "collection"), sealed);
      });
    });

    test("with a catalogue of base images over them, lose nothing to two writers at the same time", async () => {
      const store = await world.open(DEFAULT_RETENTION);
      const context = { store, keyring: freshKeyring(), clock: SYSTEM_CLOCK, onRefused: () => assert.fail() };
      const writers = [new BaseCatalogue(context), new BaseCatalogue(context)];
      const platform = { os: "linux", architecture: "amd64", variant: undefined, osVersion: undefined };
      const chainId = digestOf("chain");
      const adding = Array.from({ length: 24 }, (_, at) => {
        const digest = digestOf(`image ${at}`);
        const repository = parseRepository(`registry.example.com/base/${at}`);
        const images = [{ chainId, platform, digest, index: undefined }];
        const seen = { repository, tag: parseTag("12"), root: digest, at: SYSTEM_CLOCK.now(), images, isWhole: true };
        return Promise.resolve(writers[at % 2]?.add(seen));
      });
      await Promise.all(adding);
      assert.equal((await writers[0]?.find(platform, [chainId]))?.length, 24);
    });

    test("answer a ping", async () => {
      const store = await world.open(DEFAULT_RETENTION);
      await store.ping();
    });
  });
}
