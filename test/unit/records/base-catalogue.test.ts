import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { openDatabase } from "../../../src/adapters/embedded/database.ts";
import { embeddedRecordStore } from "../../../src/adapters/embedded/record-store.ts";
import { chainIdsOf } from "../../../src/crypto/chain-id.ts";
import { digestOf } from "../../../src/crypto/digest-of.ts";
import type { Digest } from "../../../src/domain/digest.ts";
import { PortError } from "../../../src/domain/errors.ts";
import { plus } from "../../../src/domain/instant.ts";
import type { Platform } from "../../../src/domain/platform.ts";
import { parseRepository, parseTag } from "../../../src/domain/reference.ts";
import type { RecordSpace, RecordStore } from "../../../src/ports/record-store.ts";
import { DEFAULT_RETENTION } from "../../../src/ports/retention.ts";
import {
  BaseCatalogue,
  MAX_CANDIDATES,
  MAX_UNSEEN_MS,
  type BaseSighting,
} from "../../../src/records/base-catalogue.ts";
import { MAX_ENTRIES, MAX_SPANS } from "../../../src/records/catalogued-image.ts";
import { SAME_LOOK_MS } from "../../../src/records/tag-place.ts";
import { SAMPLE_TIME } from "../../support/evidence-samples.ts";
import { freshKeyring } from "../../support/keyring.ts";
import { SteppedClock } from "../../support/system-clock.ts";

const HOUR = 3_600_000;
const KEYRING = freshKeyring();
const AMD64: Platform = { os: "linux", architecture: "amd64", variant: undefined, osVersion: undefined };
const ARM64: Platform = { ...AMD64, architecture: "arm64", variant: "v8" };
const CHAIN = chainIdsOf(["a", "b", "c"].map((text) => digestOf(text)));
const [LOW = digestOf(""), MIDDLE = digestOf(""), TOP = digestOf("")] = CHAIN;

class Bench {
  readonly clock = new SteppedClock(SAMPLE_TIME);
  readonly alarms: string[] = [];
  readonly store: RecordStore = embeddedRecordStore(openDatabase(":memory:"), {
    retention: DEFAULT_RETENTION,
    clock: this.clock,
  });
  readonly catalogue = this.open();

  /** The catalogue as another process sees it. */
  open(store: RecordStore = this.store, keyring = KEYRING): BaseCatalogue {
    const onRefused = (space: RecordSpace, _key: string, why: string): void => void this.alarms.push(`${space} ${why}`);
    return new BaseCatalogue({ store, keyring, clock: this.clock, onRefused });
  }

  /** That an image of this name ends in a chain, seen now. */
  sighting(name: string, chainId: Digest, more: Partial<BaseSighting> = {}, platform = AMD64): BaseSighting {
    const [repository = "", tag] = name.split(":");
    const root = more.root ?? digestOf(`${repository} ${chainId}`);
    return {
      repository: parseRepository(`registry.example.com/${repository}`),
      tag: tag === undefined ? undefined : parseTag(tag),
      root,
      at: this.clock.now(),
      images: [{ chainId, platform, digest: root, index: undefined }],
      isWhole: true,
      ...more,
    };
  }

  /** Repository, depth, and for each tag since when it is gone. */
  async found(chainIds: readonly Digest[] = CHAIN, platform = AMD64): Promise<readonly unknown[]> {
    const candidates = await this.catalogue.find(platform, chainIds);
    return candidates.map(({ repository, depth, tags }) => [
      repository.path,
      depth,
      ...tags.map(({ tag, leftAt }) => `${tag} ${leftAt === undefined ? "here" : leftAt}`),
    ]);
  }
}

/** The same store, with these calls in the place of its own. */
function over(store: RecordStore, calls: Partial<RecordStore>): RecordStore {
  return {
    get: store.get.bind(store),
    getMany: store.getMany.bind(store),
    put: store.put.bind(store),
    replace: store.replace.bind(store),
    delete: store.delete.bind(store),
    list: store.list.bind(store),
    trim: store.trim.bind(store),
    ping: store.ping.bind(store),
    close: store.close.bind(store),
    ...calls,
  };
}

const at = (hours: number) => plus(SAMPLE_TIME, hours * HOUR);

describe("the catalogue of base images", () => {
  test("tells every image whose layers are the lowest of another's, the deepest first, in one request to the store", async () => {
    const bench = new Bench();
    await bench.catalogue.add(bench.sighting("debian:12", LOW));
    await bench.catalogue.add(bench.sighting("node:24", TOP));
    await bench.catalogue.add(bench.sighting("mirror/debian", LOW));
    await bench.catalogue.add(bench.sighting("other:1", digestOf("elsewhere")));
    let requests = 0;
    const counted: RecordStore = over(bench.store, {
      getMany: (...asked: Parameters<RecordStore["getMany"]>) => {
        requests += 1;
        return bench.store.getMany(...asked);
      },
      get: () => assert.fail("a record was asked for alone"),
    });
    const candidates = await bench.open(counted).find(AMD64, CHAIN);
    assert.equal(requests, 1);
    assert.deepEqual(
      candidates.map(({ repository, depth, firstSeen }) => [repository.path, depth, firstSeen]),
      [
        ["node", 3, SAMPLE_TIME],
        ["debian", 1, SAMPLE_TIME],
        ["mirror/debian", 1, SAMPLE_TIME],
      ],
    );
    assert.deepEqual(await bench.found([MIDDLE]), []);
    assert.deepEqual(await bench.found([]), []);
  });

  test("keeps platforms apart, however they are spelled", async () => {
    const bench = new Bench();
    await bench.catalogue.add(bench.sighting("debian:12", LOW, {}, ARM64));
    assert.deepEqual(await bench.found([LOW]), []);
    assert.deepEqual(await bench.found([LOW], ARM64), [["debian", 1, "12 here"]]);
    assert.deepEqual(await bench.found([LOW], { ...ARM64, architecture: "aarch64", variant: undefined }), [
      ["debian", 1, "12 here"],
    ]);
    const long = { ...AMD64, architecture: "x".repeat(200_000) };
    await bench.catalogue.add(bench.sighting("odd", LOW, {}, long));
    assert.deepEqual(await bench.found([LOW], long), [["odd", 1]]);
  });

  test("extends a tag's span while it stays, and tells nothing new from looks that follow closely", async () => {
    const bench = new Bench();
    await bench.catalogue.add(bench.sighting("debian:12", LOW));
    bench.clock.advance(SAME_LOOK_MS - 1);
    await bench.catalogue.add(bench.sighting("debian:12", LOW));
    const [close] = await bench.catalogue.find(AMD64, [LOW]);
    assert.equal(close?.tags[0]?.lastSeen, SAMPLE_TIME);
    bench.clock.advance(HOUR);
    await bench.catalogue.add(bench.sighting("debian:12", LOW));
    const [later] = await bench.catalogue.find(AMD64, [LOW]);
    assert.deepEqual(later?.tags, [
      { tag: "12", firstSeen: SAMPLE_TIME, lastSeen: bench.clock.now(), leftAt: undefined },
    ]);
  });

  test("closes a tag's span where the tag was when it is seen elsewhere, and nobody else's", async () => {
    const bench = new Bench();
    await bench.catalogue.add(bench.sighting("debian:12", LOW));
    await bench.catalogue.add(bench.sighting("debian:12.1", LOW));
    await bench.catalogue.add(bench.sighting("mirror:12", LOW));
    bench.clock.advance(48 * HOUR);
    await bench.catalogue.add(bench.sighting("debian:12", MIDDLE));
    assert.deepEqual(await bench.found([LOW]), [
      ["debian", 1, `12 ${at(48)}`, "12.1 here"],
      ["mirror", 1, "12 here"],
    ]);
    assert.deepEqual(await bench.found([digestOf(""), MIDDLE]), [["debian", 2, "12 here"]]);
  });

  test("opens the span again when the tag comes back", async () => {
    const bench = new Bench();
    for (const chain of [LOW, MIDDLE, LOW]) {
      await bench.catalogue.add(bench.sighting("debian:12", chain));
      bench.clock.advance(HOUR);
    }
    assert.deepEqual(await bench.found([LOW]), [["debian", 1, "12 here"]]);
    assert.deepEqual(await bench.found([MIDDLE]), [["debian", 1, `12 ${at(2)}`]]);
  });

  test("closes the span of a look that is older than another's", async () => {
    const bench = new Bench();
    const late = bench.sighting("debian:12", LOW);
    bench.clock.advance(HOUR);
    await bench.catalogue.add(bench.sighting("debian:12", MIDDLE));
    bench.clock.advance(HOUR);
    await bench.catalogue.add(bench.sighting("debian:12", MIDDLE));
    await bench.catalogue.add(late);
    assert.deepEqual(await bench.found([LOW]), [["debian", 1, `12 ${at(1)}`]]);
    assert.deepEqual(await bench.found([MIDDLE]), [["debian", 1, "12 here"]]);
  });

  test("leaves open what a moved index still contains", async () => {
    const bench = new Bench();
    const amd64 = { chainId: LOW, platform: AMD64, digest: digestOf("amd64"), index: digestOf("index 1") };
    const arm64 = { chainId: LOW, platform: ARM64, digest: digestOf("arm64"), index: digestOf("index 1") };
    await bench.catalogue.add(bench.sighting("debian:12", LOW, { root: digestOf("index 1"), images: [amd64, arm64] }));
    bench.clock.advance(HOUR);
    const moved = { ...amd64, index: digestOf("index 2") };
    await bench.catalogue.add(bench.sighting("debian:12", LOW, { root: digestOf("index 2"), images: [moved] }));
    assert.deepEqual(await bench.found([LOW]), [["debian", 1, "12 here"]]);
    assert.deepEqual(await bench.found([LOW], ARM64), [["debian", 1, `12 ${at(1)}`]]);
    const [entry] = await bench.catalogue.find(AMD64, [LOW]);
    assert.equal(entry?.index, digestOf("index 2"), "where a newer signature may be");
  });

  test("closes the spans of a tag that is gone, and opens them when it is back at the same digest", async () => {
    const bench = new Bench();
    const first = bench.sighting("debian:12", LOW);
    const name = { repository: first.repository, tag: parseTag("12") };
    await bench.catalogue.add(first);
    bench.clock.advance(HOUR);
    await bench.catalogue.gone(name, bench.clock.now());
    assert.deepEqual(await bench.found([LOW]), [["debian", 1, `12 ${at(1)}`]]);
    assert.equal(await bench.catalogue.isKnown(name, first.root, bench.clock.now()), false);
    await bench.catalogue.add(first);
    assert.deepEqual(await bench.found([LOW]), [["debian", 1, `12 ${at(1)}`]], "an old look opens nothing");
    bench.clock.advance(HOUR);
    await bench.catalogue.add(bench.sighting("debian:12", LOW));
    assert.deepEqual(await bench.found([LOW]), [["debian", 1, "12 here"]]);
    await bench.catalogue.gone({ ...name, tag: parseTag("never-seen") }, bench.clock.now());
  });

  test("takes a tag that nobody looked at for a week for one that left when it was last seen", async () => {
    const bench = new Bench();
    await bench.catalogue.add(bench.sighting("debian:12", LOW));
    bench.clock.advance(MAX_UNSEEN_MS);
    assert.deepEqual(await bench.found([LOW]), [["debian", 1, "12 here"]]);
    bench.clock.advance(1);
    assert.deepEqual(await bench.found([LOW]), [["debian", 1, `12 ${SAMPLE_TIME}`]]);
    await bench.catalogue.add(bench.sighting("debian:12", LOW));
    assert.deepEqual(await bench.found([LOW]), [["debian", 1, "12 here"]]);
  });

  test("says of a tag that did not move whether all it leads to is known, and extends its span", async () => {
    const bench = new Bench();
    const partly = bench.sighting("debian:12", LOW, { isWhole: false });
    const name = { repository: partly.repository, tag: parseTag("12") };
    assert.equal(await bench.catalogue.isKnown(name, partly.root, bench.clock.now()), false);
    await bench.catalogue.add(partly);
    bench.clock.advance(HOUR);
    assert.equal(await bench.catalogue.isKnown(name, partly.root, bench.clock.now()), false);
    await bench.catalogue.add({ ...partly, at: bench.clock.now(), isWhole: true });
    bench.clock.advance(HOUR);
    assert.equal(await bench.catalogue.isKnown(name, partly.root, bench.clock.now()), true);
    const [entry] = await bench.catalogue.find(AMD64, [LOW]);
    assert.equal(entry?.tags[0]?.lastSeen, at(2));
    assert.equal(await bench.catalogue.isKnown(name, digestOf("moved"), bench.clock.now()), false);
  });

  test("loses nothing to two writers at the same moment", async () => {
    const bench = new Bench();
    const other = bench.open();
    const names = Array.from({ length: MAX_ENTRIES / 2 }, (_, index) => index);
    await Promise.all(
      names.flatMap((index) => [
        bench.catalogue.add(bench.sighting(`one/${index}:1`, LOW)),
        other.add(bench.sighting(`other/${index}:1`, LOW)),
      ]),
    );
    assert.equal((await bench.found([LOW])).length, MAX_ENTRIES);
  });

  test("closes every span but one where writers see a tag at many digests at once", async () => {
    const bench = new Bench();
    const other = bench.open();
    const chains = Array.from({ length: 12 }, (_, index) => digestOf(`chain ${index}`));
    const looks = chains.map((chain) => {
      bench.clock.advance(HOUR);
      return bench.sighting("debian:12", chain);
    });
    await Promise.all(looks.toReversed().map((look, index) => (index % 2 === 0 ? bench.catalogue : other).add(look)));
    const tags = (await bench.catalogue.find(AMD64, chains)).map(({ tags }) => tags[0]);
    assert.equal(tags.length, chains.length);
    const open = tags.filter((span) => span?.leftAt === undefined);
    assert.deepEqual(
      open.map((span) => span?.lastSeen),
      [bench.clock.now()],
    );
  });

  test("finishes what another process left when it ended halfway", async () => {
    const bench = new Bench();
    await bench.catalogue.add(bench.sighting("debian:12", LOW));
    bench.clock.advance(HOUR);
    let writes = 0;
    const dying: RecordStore = over(bench.store, {
      replace: async (...asked: Parameters<RecordStore["replace"]>) => {
        writes += 1;
        if (writes > 2) throw new PortError("store-unavailable", "the store", "is gone");
        return bench.store.replace(...asked);
      },
    });
    await assert.rejects(bench.open(dying).add(bench.sighting("debian:12", MIDDLE)), PortError);
    assert.deepEqual(await bench.found([LOW]), [["debian", 1, "12 here"]]);
    await bench.catalogue.add(bench.sighting("debian:12", MIDDLE));
    assert.deepEqual(await bench.found([LOW]), [["debian", 1, `12 ${at(1)}`]]);
  });

  test("keeps so many images of one file system, and drops those not seen for longest", async () => {
    const bench = new Bench();
    await bench.catalogue.add(bench.sighting("followed:1", LOW));
    for (let index = 0; index < MAX_ENTRIES; index += 1) {
      bench.clock.advance(HOUR);
      await bench.catalogue.add(bench.sighting("followed:1", LOW));
      await bench.catalogue.add(bench.sighting(`app/${index}`, LOW));
    }
    const paths = (await bench.catalogue.find(AMD64, [LOW])).map(({ repository }) => repository.path);
    assert.equal(paths.length, MAX_ENTRIES);
    assert.ok(paths.includes("followed"));
    assert.ok(!paths.includes("app/0"));
    assert.ok(paths.includes(`app/${MAX_ENTRIES - 1}`));
  });

  test("keeps so many tags of one image, the last seen", async () => {
    const bench = new Bench();
    for (let index = 0; index <= MAX_SPANS; index += 1) {
      bench.clock.advance(60_000);
      await bench.catalogue.add(bench.sighting(`debian:${index}`, LOW));
    }
    const [entry] = await bench.catalogue.find(AMD64, [LOW]);
    assert.equal(entry?.tags.length, MAX_SPANS);
    assert.ok(!entry?.tags.some(({ tag }) => tag === "0"));
  });

  test("tells of so many images at most, the deepest", async () => {
    const bench = new Bench();
    const chains = Array.from({ length: 9 }, (_, index) => digestOf(`chain ${index}`));
    for (const chain of chains) {
      const images = Array.from({ length: MAX_ENTRIES }, (_, index) => index);
      await Promise.all(images.map((index) => bench.catalogue.add(bench.sighting(`app/${index}`, chain))));
    }
    const candidates = await bench.catalogue.find(AMD64, chains);
    assert.equal(candidates.length, MAX_CANDIDATES);
    assert.deepEqual([candidates[0]?.depth, candidates.at(-1)?.depth], [9, 2]);
  });

  test("hides what does not open and writes it anew", async () => {
    const bench = new Bench();
    const stranger = bench.open(bench.store, freshKeyring());
    await stranger.add(bench.sighting("forged:1", LOW));
    assert.deepEqual(await bench.found([LOW]), []);
    assert.deepEqual(bench.alarms, ["base-chain forged"]);
    await bench.catalogue.add(bench.sighting("debian:12", LOW));
    assert.deepEqual(await bench.found([LOW]), [["debian", 1, "12 here"]]);
  });

  test("gives up, and says so, where others are always faster", async () => {
    const bench = new Bench();
    const busy: RecordStore = over(bench.store, { replace: () => Promise.resolve(false) });
    await assert.rejects(
      bench.open(busy).add(bench.sighting("debian:12", LOW)),
      (error: unknown) => error instanceof PortError && error.code === "store-unavailable" && error.retryable,
    );
  });
});
