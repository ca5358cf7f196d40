import assert from "node:assert/strict";
import { describe, test } from "node:test";

import * as fc from "fast-check";

import { openDatabase } from "../../../src/adapters/embedded/database.ts";
import { embeddedRecordStore } from "../../../src/adapters/embedded/record-store.ts";
import { canonicalJson } from "../../../src/crypto/canonical-json.ts";
import { digestOf } from "../../../src/crypto/digest-of.ts";
import type { Keyring } from "../../../src/crypto/seal-keys.ts";
import { seal } from "../../../src/crypto/sealed-record.ts";
import type { Digest } from "../../../src/domain/digest.ts";
import { plus } from "../../../src/domain/instant.ts";
import type { LayerContent, LayerEntry, LayerTally } from "../../../src/domain/layer-facts.ts";
import type { RecordSpace, RecordStore } from "../../../src/ports/record-store.ts";
import { DEFAULT_RETENTION } from "../../../src/ports/retention.ts";
import { ATTESTATION_EXTRACT, NOTARY_METADATA, REVOCATION_LIST } from "../../../src/domain/media-types.ts";
import { MAX_DOCUMENT_BYTES, MAX_UNFETCHABLE_BYTES } from "../../../src/records/documents.ts";
import { MAX_CONTAINING_INDEXES } from "../../../src/records/index-entries.ts";
import { createRecords, type Records } from "../../../src/records/records.ts";
import { SteppedClock } from "../../support/system-clock.ts";
import {
  SAMPLE_CONTENT,
  SAMPLE_LAYER,
  SAMPLE_REPOSITORY,
  SAMPLE_TIME,
  sampleDocument,
  sampleDossier,
  sampleFacts,
  sampleVerdict,
} from "../../support/evidence-samples.ts";
import { freshKeyring } from "../../support/keyring.ts";

type Bench = {
  readonly store: RecordStore;
  readonly records: Records;
  readonly clock: SteppedClock;
  readonly keyring: Keyring;
  readonly alarms: string[];
  /** The same store read by another version of us. */
  readonly readBy: (keyring: Keyring, extractor?: number) => Records;
};

function bench(): Bench {
  const clock = new SteppedClock(SAMPLE_TIME);
  const store = embeddedRecordStore(openDatabase(":memory:"), { retention: DEFAULT_RETENTION, clock });
  const alarms: string[] = [];
  const onRefused = (space: RecordSpace, key: string, why: string): void => void alarms.push(`${space} ${key} ${why}`);
  const keyring = freshKeyring("new");
  const readBy = (keyring: Keyring, extractor = 1): Records =>
    createRecords({ store, keyring, clock, onRefused }, extractor);
  return { store, records: readBy(keyring), clock, keyring, alarms, readBy };
}

const SCOPE = "policies 1, trust 1";
const LATER = plus(SAMPLE_TIME, 60_000);
const verdict = sampleVerdict();

describe("what is remembered", () => {
  test("comes back as it was: verdicts, facts and layers", async () => {
    const { records, alarms } = bench();
    await records.verdicts.put(verdict, SCOPE, LATER);
    await records.facts.put(sampleFacts());
    await records.layers.put(SAMPLE_LAYER.digest, SAMPLE_CONTENT);
    assert.deepEqual(await records.verdicts.get(verdict.id), verdict);
    assert.deepEqual(await records.facts.get(sampleFacts().id), sampleFacts());
    assert.deepEqual(await records.layers.get(SAMPLE_LAYER.digest), SAMPLE_CONTENT);
    assert.deepEqual(alarms, []);
  });

  test("includes that a layer cannot be inspected, and not what another extractor found", async () => {
    const { records, readBy, keyring } = bench();
    const content: LayerContent = { kind: "uninspectable", reason: "bomb", detail: "1:1000" };
    await records.layers.put(SAMPLE_LAYER.digest, content);
    assert.deepEqual(await records.layers.get(SAMPLE_LAYER.digest), content);
    assert.equal(await readBy(keyring, 2).layers.get(SAMPLE_LAYER.digest), undefined);
  });

  test("is any layer content there can be", async () => {
    const { records } = bench();
    const entry: fc.Arbitrary<LayerEntry> = fc.record({
      path: fc.string({ unit: "binary" }),
      kind: fc.constantFrom("file", "directory", "symlink", "hardlink", "character", "block", "fifo"),
      mode: fc.nat(),
      uid: fc.nat(),
      gid: fc.nat(),
      size: fc.maxSafeNat(),
      link: fc.string(),
      head: fc.string({ unit: "binary" }),
      capability: fc.string(),
      device: fc.string(),
      nature: fc.string(),
    });
    const tally: fc.Arbitrary<LayerTally> = fc.record({
      kinds: fc.record({
        file: fc.nat(),
        directory: fc.nat(),
        symlink: fc.nat(),
        hardlink: fc.nat(),
        character: fc.nat(),
        block: fc.nat(),
        fifo: fc.nat(),
      }),
      fileBytes: fc.maxSafeNat(),
      sharedLibraries: fc.nat(),
      manuals: fc.nat(),
    });
    const content: fc.Arbitrary<LayerContent> = fc.record({
      kind: fc.constant("walked" as const),
      facts: fc.record({
        diffId: fc.constant(digestOf("x")),
        packing: fc.constantFrom("tar", "gzip", "zstd"),
        compressedBytes: fc.nat(),
        uncompressedBytes: fc.maxSafeNat(),
        entryCount: fc.nat(),
        entries: fc.array(entry),
        tally,
        whiteouts: fc.array(fc.record({ path: fc.string(), kind: fc.constantFrom("path", "opaque"), after: fc.nat() })),
        bodies: fc.dictionary(fc.string(), fc.string({ unit: "binary" }), { noNullPrototype: true }),
        counts: fc.dictionary(fc.string(), fc.nat(), { noNullPrototype: true }),
        finds: fc.array(fc.record({ kind: fc.constantFrom("secret", "clutter"), path: fc.string(), why: fc.string() })),
        anomalies: fc.array(fc.record({ code: fc.string(), path: fc.string() })),
      }),
    });
    await fc.assert(
      fc.asyncProperty(content, async (given) => {
        await records.layers.put(SAMPLE_LAYER.digest, given);
        assert.deepEqual(await records.layers.get(SAMPLE_LAYER.digest), structuredClone(given));
      }),
    );
  });

  test("are tags with the time they were seen", async () => {
    const { records } = bench();
    const resolution = { digest: digestOf("root"), observedAt: SAMPLE_TIME };
    await records.resolutions.put("docker.io/library/alpine:3", resolution);
    assert.deepEqual(await records.resolutions.get("docker.io/library/alpine:3"), resolution);
    assert.equal(await records.resolutions.get("docker.io/library/alpine:4"), undefined);
  });

  test("are the newest indexes of a manifest, each once, in its own repository, however many add at once", async () => {
    const { records } = bench();
    const leaf = digestOf("leaf");
    const indexes = Array.from({ length: MAX_CONTAINING_INDEXES + 4 }, (_, at) => digestOf(`index ${at}`));
    await Promise.all(
      indexes.map((index) => records.indexEntries.add(SAMPLE_REPOSITORY, index, [leaf, digestOf("b")])),
    );
    await records.indexEntries.add(SAMPLE_REPOSITORY, indexes[10]!, [leaf]);
    const kept = await records.indexEntries.containing(SAMPLE_REPOSITORY, leaf);
    assert.equal(kept.length, MAX_CONTAINING_INDEXES);
    assert.equal(kept[0], indexes[10]);
    assert.equal(kept[1], indexes.at(-1));
    assert.equal(new Set(kept).size, kept.length);
    assert.deepEqual(await records.indexEntries.containing({ ...SAMPLE_REPOSITORY, path: "other" }, leaf), []);
  });
});

describe("documents", () => {
  const bytesOf = async ({ records }: ReturnType<typeof bench>, digest: Digest): Promise<Uint8Array | undefined> =>
    (await records.documents.getMany([digest]))[0];

  test("come back by digest", async () => {
    const world = bench();
    const document = sampleDocument("{}\n\n{}");
    assert.equal(await world.records.documents.put(document), true);
    assert.deepEqual(await bytesOf(world, document.descriptor.digest), document.bytes);
  });

  test("are not kept if they are too large", async () => {
    const world = bench();
    const large = sampleDocument("x".repeat(MAX_DOCUMENT_BYTES + 1));
    assert.equal(await world.records.documents.put(large), false);
    assert.equal(await bytesOf(world, large.descriptor.digest), undefined);
    const limit = sampleDocument("x".repeat(MAX_DOCUMENT_BYTES));
    assert.equal(await world.records.documents.put(limit), true);
    assert.equal((await bytesOf(world, limit.descriptor.digest))?.length, MAX_DOCUMENT_BYTES);
  });

  test("that no registry has are kept up to a limit of their own, and written once", async () => {
    const world = bench();
    const { records, store } = world;
    for (const mediaType of [ATTESTATION_EXTRACT, REVOCATION_LIST, NOTARY_METADATA]) {
      const of = (size: number) => {
        const document = sampleDocument(mediaType.padEnd(size, "x"));
        return { ...document, descriptor: { ...document.descriptor, mediaType } };
      };
      const large = of(MAX_DOCUMENT_BYTES + 1);
      assert.equal(await records.documents.put(large), true);
      const put = store.put.bind(store);
      store.put = () => Promise.reject(new Error("written again"));
      assert.equal(await records.documents.put(large), true);
      store.put = put;
      assert.deepEqual(await bytesOf(world, large.descriptor.digest), large.bytes);
      assert.equal(await records.documents.put(of(MAX_UNFETCHABLE_BYTES + 1)), false);
    }
  });

  test("that are not what their digest names are not there, with an alarm", async () => {
    const world = bench();
    const lying = { ...sampleDocument("a"), bytes: new TextEncoder().encode("b") };
    await world.records.documents.put(lying);
    assert.equal(await bytesOf(world, lying.descriptor.digest), undefined);
    assert.deepEqual(world.alarms, [`document ${lying.descriptor.digest} forged`]);
  });
});

describe("a dossier", () => {
  const dossier = sampleDossier();
  const digest = dossier.subject.root.descriptor.digest;

  test("comes back whole: bytes, absent members, gaps and what was not asked", async () => {
    const { records } = bench();
    await records.layers.put(SAMPLE_LAYER.digest, SAMPLE_CONTENT);
    await records.dossiers.save(dossier);
    const loaded = await records.dossiers.load(SAMPLE_REPOSITORY, digest);
    assert.deepEqual(loaded, { kind: "whole", dossier });
  });

  test("belongs to the repository it was collected in", async () => {
    const { records } = bench();
    await records.dossiers.save(dossier);
    const elsewhere = { ...SAMPLE_REPOSITORY, path: "shop/other" };
    assert.deepEqual(await records.dossiers.load(elsewhere, digest), { kind: "unknown" });
  });

  test("with lost parts names each once, and is whole again once they are at hand", async () => {
    const { records, store } = bench();
    await records.dossiers.save(dossier);
    const manifest = sampleDocument('{"manifest":1}');
    await store.delete("document", manifest.descriptor.digest);
    const loaded = await records.dossiers.load(SAMPLE_REPOSITORY, digest);
    assert.ok(loaded.kind === "incomplete");
    assert.deepEqual(
      loaded.missing.map(({ kind, descriptor }) => [kind, descriptor.digest]),
      [
        ["document", manifest.descriptor.digest],
        ["layer", SAMPLE_LAYER.digest],
      ],
    );
    const layers = new Map<Digest, LayerContent>([[SAMPLE_LAYER.digest, SAMPLE_CONTENT]]);
    const again = await records.dossiers.load(SAMPLE_REPOSITORY, digest, { documents: [manifest], layers });
    assert.deepEqual(again, { kind: "whole", dossier });
  });
});

describe("verdicts", () => {
  test("are found by image only in the scope they were judged in", async () => {
    const { records } = bench();
    await records.verdicts.put(verdict, SCOPE, LATER);
    assert.deepEqual(await records.verdicts.latest(verdict.image, SCOPE), verdict);
    assert.equal(await records.verdicts.latest(verdict.image, "policies 2, trust 1"), undefined);
    assert.equal(await records.verdicts.latest(`${verdict.image}x`, SCOPE), undefined);
  });

  test("are found for many images at once, in order", async () => {
    const { records } = bench();
    const other = sampleVerdict("docker.io/library/alpine:3", "other");
    await records.verdicts.put(verdict, SCOPE, LATER);
    await records.verdicts.put(other, SCOPE, LATER);
    const found = await records.verdicts.latestOf(
      [other.image, "docker.io/library/none:1", verdict.image, other.image],
      SCOPE,
    );
    assert.deepEqual(found, [other, undefined, verdict, other]);
  });

  test("are not found by any way from the instant they expire", async () => {
    const { records, clock, alarms } = bench();
    await records.verdicts.put(verdict, SCOPE, LATER);
    clock.advance(59_999);
    assert.deepEqual(await records.verdicts.latest(verdict.image, SCOPE), verdict);
    clock.advance(1);
    assert.equal(await records.verdicts.get(verdict.id), undefined);
    assert.equal(await records.verdicts.latest(verdict.image, SCOPE), undefined);
    assert.deepEqual((await records.verdicts.list({ limit: 10 })).verdicts, []);
    assert.deepEqual(alarms, []);
  });

  test("cannot outlive their seal in a store that forgets to drop them", async () => {
    const { records, store, keyring, alarms } = bench();
    const old = seal(
      Buffer.from(canonicalJson({ v: 1, value: {} })),
      { space: "verdict", key: verdict.id, expiresAt: SAMPLE_TIME },
      keyring,
    );
    await store.put("verdict", verdict.id, old);
    assert.equal(await records.verdicts.get(verdict.id), undefined);
    assert.deepEqual(alarms, [], "an expired record is nobody's attack");
  });

  test("are listed newest first, page by page", async () => {
    const { records } = bench();
    for (const id of ["a", "b", "c"]) await records.verdicts.put(sampleVerdict("i", id), SCOPE, LATER);
    const first = await records.verdicts.list({ limit: 2 });
    assert.deepEqual(
      first.verdicts.map(({ id }) => id),
      [digestOf("c"), digestOf("b")],
    );
    const second = await records.verdicts.list({ limit: 2, after: first.next! });
    assert.deepEqual(
      second.verdicts.map(({ id }) => id),
      [digestOf("a")],
    );
  });
});

describe("a record that is not ours is a miss and an alarm:", () => {
  const ALLOW = canonicalJson({ v: 1, value: { ...verdict, decision: "allow" } as never });

  async function alarmAfter(plant: (bench: Bench, genuine: Uint8Array) => Promise<void>): Promise<readonly string[]> {
    const here = bench();
    await here.records.verdicts.put(verdict, SCOPE, LATER);
    const genuine = await here.store.get("verdict", verdict.id);
    await plant(here, Uint8Array.from(genuine!));
    assert.equal(await here.records.verdicts.get(verdict.id), undefined);
    assert.equal(await here.records.verdicts.latest(verdict.image, SCOPE), undefined);
    assert.deepEqual((await here.records.verdicts.list({ limit: 10 })).verdicts, []);
    return here.alarms;
  }

  test("a verdict written straight into the store", async () => {
    const alarms = await alarmAfter(({ store }) => store.put("verdict", verdict.id, Buffer.from(ALLOW)));
    assert.deepEqual(new Set(alarms), new Set([`verdict ${verdict.id} malformed`]));
  });

  test("one sealed with a key of the same name", async () => {
    const place = { space: "verdict", key: verdict.id };
    const alarms = await alarmAfter(({ store }) =>
      store.put("verdict", verdict.id, seal(Buffer.from(ALLOW), place, freshKeyring("new"))),
    );
    assert.deepEqual(new Set(alarms), new Set([`verdict ${verdict.id} forged`]));
  });

  test("one with a changed byte", async () => {
    const alarms = await alarmAfter(({ store }, genuine) => {
      const at = Buffer.from(genuine).indexOf('"deny"');
      genuine.set(Buffer.from('"warn"'), at);
      return store.put("verdict", verdict.id, genuine);
    });
    assert.deepEqual(new Set(alarms), new Set([`verdict ${verdict.id} forged`]));
  });

  test("one that is cut", async () => {
    const alarms = await alarmAfter(({ store }, genuine) => store.put("verdict", verdict.id, genuine.subarray(0, -7)));
    assert.deepEqual(new Set(alarms), new Set([`verdict ${verdict.id} forged`]));
  });

  test("a genuine one of another image", async () => {
    const alarms = await alarmAfter(async ({ store, records }) => {
      const other = sampleVerdict("docker.io/library/alpine:3", "other");
      await records.verdicts.put(other, SCOPE, LATER);
      const moved = await store.get("verdict", other.id);
      await store.delete("verdict", other.id);
      await store.put("verdict", verdict.id, moved!);
    });
    assert.deepEqual(new Set(alarms), new Set([`verdict ${verdict.id} moved`]));
  });

  test("one by a key that was taken from the list", async () => {
    const { records, readBy, alarms } = bench();
    await records.verdicts.put(verdict, SCOPE, LATER);
    const after = readBy(freshKeyring("newer"));
    assert.equal(await after.verdicts.get(verdict.id), undefined);
    assert.deepEqual(alarms, [`verdict ${verdict.id} unknown-key`]);
  });

  test("a pointer to another verdict", async () => {
    const { records, store, alarms } = bench();
    await records.verdicts.put(verdict, SCOPE, LATER);
    await records.verdicts.put(sampleVerdict("docker.io/library/alpine:3", "other"), SCOPE, LATER);
    const [newest, oldest] = (await store.list("verdict-latest", { limit: 2 })).records;
    await store.put("verdict-latest", oldest!.key, newest!.bytes);
    assert.equal(await records.verdicts.latest(verdict.image, SCOPE), undefined);
    assert.deepEqual(alarms, [`verdict-latest ${oldest!.key} moved`]);
  });
});

describe("a record of ours that another version wrote is a miss without an alarm:", () => {
  async function missOf(value: unknown, version = 1): Promise<void> {
    const { records, store, keyring, alarms } = bench();
    const payload = Buffer.from(canonicalJson({ v: version, value: value as never }));
    await store.put("verdict", verdict.id, seal(payload, { space: "verdict", key: verdict.id }, keyring));
    assert.equal(await records.verdicts.get(verdict.id), undefined);
    assert.deepEqual(alarms, []);
  }

  test("by not being JSON", async () => {
    const { records, store, keyring, alarms } = bench();
    await store.put(
      "verdict",
      verdict.id,
      seal(Buffer.from("\x01binary"), { space: "verdict", key: verdict.id }, keyring),
    );
    assert.equal(await records.verdicts.get(verdict.id), undefined);
    assert.deepEqual(alarms, []);
  });
  test("by its version number", () => missOf(verdict, 2));
  test("by a missing member", () => missOf({ ...verdict, findings: undefined }));
  test("by an unknown member", () => missOf({ ...verdict, weakened: true }));
  test("by a member of another type", () => missOf({ ...verdict, policies: "production" }));
  test("by a value that we do not know", () => missOf({ ...verdict, decision: "allow-once" }));
  test("by an instant spelled otherwise", () => missOf({ ...verdict, decidedAt: "2026-11-21T13:00:00+01:00" }));
});

test("keys can be changed while verdicts are in use", async () => {
  const { readBy, alarms } = bench();
  const old = freshKeyring("2026-10");
  await readBy(old).verdicts.put(verdict, SCOPE, LATER);
  const fresh = freshKeyring("2026-11");
  const both: Keyring = { newest: fresh.newest, keys: new Map([...fresh.keys, ...old.keys]) };
  assert.deepEqual(await readBy(both).verdicts.get(verdict.id), verdict);
  await readBy(both).verdicts.put(verdict, SCOPE, LATER);
  assert.deepEqual(await readBy(fresh).verdicts.get(verdict.id), verdict, "new ones are sealed with the new key");
  assert.deepEqual(alarms, []);
});
