import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";

import { openDatabase } from "../../src/adapters/embedded/database.ts";
import { embeddedRecordStore } from "../../src/adapters/embedded/record-store.ts";
import { createLayerReader } from "../../src/adapters/layers/layer-reader.ts";
import { RedisLink } from "../../src/adapters/redis/link.ts";
import { redisRecordStore } from "../../src/adapters/redis/record-store.ts";
import { parseRedisUrl } from "../../src/adapters/redis/target.ts";
import { seal } from "../../src/crypto/sealed-record.ts";
import { PortError } from "../../src/domain/errors.ts";
import { instantOf } from "../../src/domain/instant.ts";
import type { LayerContent } from "../../src/domain/layer-facts.ts";
import { Layers } from "../../src/pipeline/layers.ts";
import type { Patience } from "../../src/pipeline/once-for-all.ts";
import type { ImageSource } from "../../src/ports/image-source.ts";
import type { RecordStore } from "../../src/ports/record-store.ts";
import { DEFAULT_RETENTION } from "../../src/ports/retention.ts";
import { Leases } from "../../src/records/leases.ts";
import { createRecords } from "../../src/records/records.ts";
import { freshKeyring } from "../support/keyring.ts";
import { repository } from "../support/policy-facts.ts";
import { RedisServer } from "../support/redis.ts";
import { SYSTEM_CLOCK } from "../support/system-clock.ts";
import { layer, type BuiltLayer } from "../support/tar.ts";

/** Gives each process of a fleet its own connection to one store. */
type World = { readonly connect: () => Promise<RecordStore>; readonly close: () => Promise<void> };

/** The file is one process's own: who shares it, shares the store. */
async function embeddedWorld(): Promise<World> {
  const folder = await mkdtemp(join(tmpdir(), "assay-leases-"));
  const database = openDatabase(join(folder, "assay.db"));
  const store = embeddedRecordStore(database, { retention: DEFAULT_RETENTION, clock: SYSTEM_CLOCK });
  return {
    connect: async () => await Promise.resolve(store),
    close: async () => {
      database.close();
      await rm(folder, { recursive: true });
    },
  };
}

async function redisWorld(): Promise<World> {
  const server = await RedisServer.start();
  const links: RedisLink[] = [];
  return {
    connect: async () => {
      const link = await RedisLink.open(parseRedisUrl(server.url, { unsafeOpenRedis: false }));
      links.push(link);
      return redisRecordStore(link, { retention: DEFAULT_RETENTION, clock: SYSTEM_CLOCK, prefix: "t" });
    },
    close: async () => {
      for (const link of links) await link.close();
      await server[Symbol.asyncDispose]();
    },
  };
}

const KEYRING = freshKeyring();
const SHOP = repository("registry.example.com", "shop/web");
const SIGNAL = new AbortController().signal;

/** A registry that counts what it streams, and is in no hurry. */
class SlowImages {
  readonly #built: BuiltLayer;
  readonly streamed: string[] = [];
  hold: Promise<void> = sleep(0);

  constructor(built: BuiltLayer) {
    this.#built = built;
  }

  async stream({ registry }: { readonly registry: string }): Promise<AsyncIterable<Uint8Array>> {
    this.streamed.push(registry);
    const { bytes } = this.#built;
    const { hold } = this;
    return await Promise.resolve(
      (async function* () {
        yield bytes.subarray(0, 100);
        await hold;
        yield bytes.subarray(100);
      })(),
    );
  }
}

function processOver(store: RecordStore, images: SlowImages, patience?: Patience): Layers {
  const context = { store, keyring: KEYRING, clock: SYSTEM_CLOCK, onRefused: () => undefined };
  return new Layers({
    images: images as unknown as ImageSource,
    reader: createLayerReader(),
    records: createRecords(context, 1).layers,
    ...(patience === undefined ? {} : { patience }),
  });
}

function entriesIn(content: LayerContent): number {
  return content.kind === "walked" ? content.facts.entryCount : assert.fail(content.detail);
}

let built = 0;
function someLayer(): BuiltLayer {
  built += 1;
  return layer({ "etc/passwd": "root:x:0:0::/:\n", "bin/app": { mode: 0o755, body: `\x7fELF${built}` } });
}

for (const [name, open] of [
  ["a SQLite file", embeddedWorld],
  ["Redis", redisWorld],
] as const) {
  describe(`processes that share ${name}`, () => {
    test("walk a layer once, whoever is asked at the same time", async () => {
      const world = await open();
      const wanted = someLayer();
      const images = new SlowImages(wanted);
      images.hold = sleep(300);
      const all = await Promise.all([1, 2, 3, 4].map(async () => processOver(await world.connect(), images)));
      const contents = await Promise.all(all.map((one) => one.content(SHOP, wanted.descriptor, SIGNAL)));
      assert.deepEqual(contents.map(entriesIn), [2, 2, 2, 2]);
      assert.equal(images.streamed.length, 1);
      await world.close();
    });

    test("answer although the process that walks died", async () => {
      const world = await open();
      const wanted = someLayer();
      const images = new SlowImages(wanted);
      const store = await world.connect();
      await store.put("lease", `layer ${wanted.digest}/1`, leaseOf(wanted, SHOP.registry, 400));
      const since = performance.now();
      const layers = processOver(await world.connect(), images);
      assert.equal(entriesIn(await layers.content(SHOP, wanted.descriptor, SIGNAL)), 2);
      assert.ok(performance.now() - since >= 350, "the lease was respected while it stood");
      await world.close();
    });

    test("go on after one whose registry failed", async () => {
      const world = await open();
      const wanted = someLayer();
      const failing = new SlowImages(wanted);
      failing.hold = sleep(100).then(() => {
        throw new PortError("unreachable", "registry.example.com", "connection reset");
      });
      failing.hold.catch(() => undefined);
      const first = processOver(await world.connect(), failing).content(SHOP, wanted.descriptor, SIGNAL);
      first.catch(() => undefined);
      await sleep(20);
      const images = new SlowImages(wanted);
      const second = processOver(await world.connect(), images).content(SHOP, wanted.descriptor, SIGNAL);
      await assert.rejects(first, PortError);
      assert.equal(entriesIn(await second), 2);
      assert.equal(images.streamed.length, 1);
      await world.close();
    });
  });
}

/** What a holder leaves behind that took a lease and was killed. */
function leaseOf(wanted: BuiltLayer, by: string, forMs: number): Uint8Array {
  const expiresAt = instantOf(Date.now() + forMs);
  const place = { space: "lease", key: `layer ${wanted.digest}/1`, expiresAt };
  return seal(Buffer.from(JSON.stringify({ id: "dead", by })), place, KEYRING);
}

async function storeInMemory(): Promise<RecordStore> {
  return await Promise.resolve(
    embeddedRecordStore(openDatabase(":memory:"), { retention: DEFAULT_RETENTION, clock: SYSTEM_CLOCK }),
  );
}

test("a holder who never ends is waited for so long and no longer, and less where it walks from another registry", async () => {
  for (const [by, patience] of [
    [SHOP.registry, { samePlaceMs: 300, otherPlaceMs: 60_000 }],
    ["slow.example.com", { samePlaceMs: 60_000, otherPlaceMs: 300 }],
  ] as const) {
    const store = await storeInMemory();
    const wanted = someLayer();
    await store.put("lease", `layer ${wanted.digest}/1`, leaseOf(wanted, by, 3_600_000));
    const images = new SlowImages(wanted);
    const since = performance.now();
    const layers = processOver(store, images, patience);
    assert.equal(entriesIn(await layers.content(SHOP, wanted.descriptor, SIGNAL)), 2);
    assert.ok(performance.now() - since >= 300);
    assert.equal(images.streamed.length, 1);
  }
});

test("a lease is renewed for as long as the walk takes", async () => {
  const store = await storeInMemory();
  const context = { store, keyring: KEYRING, clock: SYSTEM_CLOCK, onRefused: () => undefined };
  const taken = await new Leases(context, 200).take("k", "here");
  assert.ok(taken.kind === "taken");
  await sleep(600);
  assert.equal((await new Leases(context, 200).take("k", "there")).kind, "held");
  await taken.lease.release();
  const next = await new Leases(context, 200).take("k", "there");
  assert.ok(next.kind === "taken");
  await next.lease.release();
});

test("a lease of somebody else's making holds nobody up", async () => {
  const store = await storeInMemory();
  const wanted = someLayer();
  const place = { space: "lease", key: `layer ${wanted.digest}/1` };
  await store.put("lease", place.key, seal(Buffer.from(`{"id":"x","by":"y"}`), place, freshKeyring()));
  const images = new SlowImages(wanted);
  const since = performance.now();
  assert.equal(entriesIn(await processOver(store, images).content(SHOP, wanted.descriptor, SIGNAL)), 2);
  assert.ok(performance.now() - since < 1500);
});

test("a store that does not answer costs effort and no answer", async () => {
  const fail = async (): Promise<never> => {
    await Promise.resolve();
    throw new PortError("store-unavailable", "the store", "is gone");
  };
  const broken = new Proxy({} as RecordStore, { get: () => fail });
  const wanted = someLayer();
  const images = new SlowImages(wanted);
  const layers = processOver(broken, images);
  for (let ask = 0; ask < 2; ask += 1)
    assert.equal(entriesIn(await layers.content(SHOP, wanted.descriptor, SIGNAL)), 2);
  assert.equal(images.streamed.length, 2);
});

test("one who waits for another's walk may leave", async () => {
  const store = await storeInMemory();
  const wanted = someLayer();
  await store.put("lease", `layer ${wanted.digest}/1`, leaseOf(wanted, SHOP.registry, 3_600_000));
  const leave = new AbortController();
  const waiting = processOver(store, new SlowImages(wanted)).content(SHOP, wanted.descriptor, leave.signal);
  setTimeout(() => leave.abort(new Error("had enough")), 100);
  await assert.rejects(waiting, /had enough/);
});
