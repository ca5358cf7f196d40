import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import type { RegistryClient } from "../../../src/adapters/oci/client.ts";
import { digestOf } from "../../../src/crypto/digest-of.ts";
import { PortError } from "../../../src/domain/errors.ts";
import type { Dossier } from "../../../src/domain/evidence.ts";
import { NOT_ASKED } from "../../../src/domain/gap.ts";
import { plus } from "../../../src/domain/instant.ts";
import { parseReference } from "../../../src/domain/reference.ts";
import { isCovered } from "../../../src/pipeline/coverage.ts";
import { dossierFreshUntil } from "../../../src/pipeline/freshness.ts";
import type { Plan } from "../../../src/pipeline/plan.ts";
import { BaseWorld } from "../../support/base-world.ts";
import { SAMPLE_TIME } from "../../support/evidence-samples.ts";
import { openRegistryClient } from "../../support/registry-client.ts";
import { TestRegistry } from "../../support/registry.ts";
import { DISTROLESS_FILES, putImageInto } from "../../support/supply-chain.ts";
import { image, layer, type BuiltImage, type BuiltLayer, type ConfigSpec } from "../../support/tar.ts";

const AGES = { signaturesMs: 3_600_000, absenceMs: 30_000 };
const PLAN: Plan = { places: [], vouchers: [], statements: [], layers: "always", platforms: [], bases: true };
const BASE = [layer(DISTROLESS_FILES), layer({ "etc/base": "second layer of the base" })];
const APP = [...BASE, layer({ "app/main": "the application" })];
const LATER = plus(SAMPLE_TIME, 3_600_000);

describe("what an image is built on", () => {
  let registry: TestRegistry;
  let images: RegistryClient;

  before(async () => {
    registry = await TestRegistry.start();
    images = openRegistryClient({ plainHttpHosts: [registry.host] });
  });
  after(async () => {
    await images.close();
    await registry.close();
  });

  async function push(name: string, layers: readonly BuiltLayer[], spec: ConfigSpec = {}): Promise<BuiltImage> {
    const [repository = "", tag] = name.split(":");
    const built = image(spec, layers);
    await putImageInto(registry, repository, built, tag === undefined ? [] : [tag]);
    return built;
  }

  const ref = (name: string): string => `${registry.host}/${name}`;

  /** Repository, depth and tags of every base that was found; or what there is in place of a list. */
  function basesIn({ leaves }: Dossier): unknown {
    const [leaf] = leaves;
    assert.ok(leaf !== undefined);
    if (leaf.bases.kind !== "observed") return leaf.bases.kind;
    return leaf.bases.value.map(({ repository, depth, tags }) => [
      repository.path,
      depth,
      ...tags.map(({ tag, leftAt }) => (leftAt === undefined ? tag : `${tag} until ${leftAt}`)),
    ]);
  }

  test("is an image verified before whose layers are its lowest, under every name it was seen by", async () => {
    const world = new BaseWorld(images);
    await push("distroless/base:12", BASE);
    await push("mirror/base:latest", BASE, { labels: { mirrored: "yes" } });
    await push("debian:12", BASE.slice(0, 1));
    await push("shop/app:1", APP, { user: "65532" });
    for (const name of ["distroless/base:12", "mirror/base:latest", "debian:12"]) {
      assert.equal(await world.verify(ref(name)), "allow");
    }
    assert.deepEqual(basesIn(await world.dossier(ref("shop/app:1"))), [
      ["distroless/base", 2, "12"],
      ["mirror/base", 2, "latest"],
      ["debian", 1, "12"],
    ]);
    assert.deepEqual(world.gaps, []);
  });

  test("is found however its layers are packed, and not where they were made one", async () => {
    const world = new BaseWorld(images);
    await push("distroless/base:12", BASE);
    await world.verify(ref("distroless/base:12"));
    const repacked = [layer(DISTROLESS_FILES, "zstd"), layer({ "etc/base": "second layer of the base" }, "tar")];
    await push("shop/repacked:1", [...repacked, layer({ "app/main": "the application" })]);
    assert.deepEqual(basesIn(await world.dossier(ref("shop/repacked:1"))), [["distroless/base", 2, "12"]]);
    const flattened = layer({ ...DISTROLESS_FILES, "etc/base": "second layer of the base", "app/main": "x" });
    await push("shop/flattened:1", [flattened]);
    assert.deepEqual(basesIn(await world.dossier(ref("shop/flattened:1"))), []);
  });

  test("is not the image itself, but the same image under another name", async () => {
    const world = new BaseWorld(images);
    await push("shop/app:1", APP);
    await world.verify(ref("shop/app:1"));
    assert.deepEqual(basesIn(await world.dossier(ref("shop/app:1"))), []);
    await push("copies/app:1", APP);
    assert.deepEqual(basesIn(await world.dossier(ref("copies/app:1"))), [["shop/app", 3, "1"]]);
  });

  test("is nothing that has no layers, or layers without files alone", async () => {
    const world = new BaseWorld(images);
    const empty = layer(Buffer.alloc(1024));
    assert.equal(empty.diffId, "sha256:5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef");
    await push("odd/nothing:1", []);
    await push("odd/empty:1", [empty, empty]);
    await world.verify(ref("odd/nothing:1"));
    await world.verify(ref("odd/empty:1"));
    await push("shop/converted:1", [empty, empty, ...APP]);
    assert.deepEqual(basesIn(await world.dossier(ref("shop/converted:1"))), []);
    assert.deepEqual(basesIn(await world.dossier(ref("odd/nothing:1"))), [], "looked up among none");
  });

  test("is for one platform", async () => {
    const world = new BaseWorld(images);
    await push("distroless/base:arm", BASE, { architecture: "arm64" });
    await world.verify(ref("distroless/base:arm"));
    await push("shop/app:1", APP);
    assert.deepEqual(basesIn(await world.dossier(ref("shop/app:1"))), []);
  });

  test("has the tag that the registry says it has, and not one that stands beside a digest", async () => {
    const world = new BaseWorld(images);
    const base = await push("distroless/base:12", BASE);
    await world.verify(ref(`distroless/base:claimed@${base.manifest.descriptor.digest}`));
    await push("shop/app:1", APP);
    assert.deepEqual(basesIn(await world.dossier(ref("shop/app:1"))), [["distroless/base", 2]]);
  });

  test("is looked up again when the look is stale, and until then believed", async () => {
    const world = new BaseWorld(images);
    await push("distroless/base:12", BASE);
    await push("shop/app:1", APP);
    const before = await world.dossier(ref("shop/app:1"));
    assert.deepEqual(basesIn(before), []);
    assert.equal(dossierFreshUntil(before, PLAN, AGES), plus(SAMPLE_TIME, AGES.absenceMs));
    await world.verify(ref("distroless/base:12"));
    world.clock.advance(AGES.absenceMs - 1);
    assert.deepEqual(basesIn(await world.dossier(ref("shop/app:1"))), []);
    world.clock.advance(1);
    assert.equal(isCovered(before, PLAN, AGES, world.clock.now()), false);
    const learnt = await world.dossier(ref("shop/app:1"));
    assert.deepEqual(basesIn(learnt), [["distroless/base", 2, "12"]]);
    assert.equal(dossierFreshUntil(learnt, PLAN, AGES), plus(world.clock.now(), AGES.signaturesMs));
  });

  test("is learnt to have left its tag", async () => {
    const world = new BaseWorld(images);
    await push("distroless/base:12", BASE);
    await world.verify(ref("distroless/base:12"));
    await push("distroless/base:12", [layer({ "etc/base": "rebuilt" })]);
    world.clock.advance(3_600_000);
    await world.verify(ref("distroless/base:12"));
    await push("shop/app:1", APP);
    assert.deepEqual(basesIn(await world.dossier(ref("shop/app:1"))), [["distroless/base", 2, `12 until ${LATER}`]]);
  });

  test("is a gap for five seconds where the store does not answer", async () => {
    const world = new BaseWorld(images);
    await push("shop/app:1", APP);
    const find = () => Promise.reject(new PortError("store-unavailable", "records", "the disk is full"));
    const dossier = await world.dossier(ref("shop/app:1"), { bases: { find } });
    const [leaf] = dossier.leaves;
    assert.ok(leaf?.bases.kind === "gap");
    assert.equal(leaf.bases.gap.code, "store-unavailable");
    assert.match(leaf.bases.gap.what, /^base images of .*shop\/app sha256:/);
    assert.equal(dossierFreshUntil(dossier, PLAN, AGES), plus(SAMPLE_TIME, 5000));
    world.clock.advance(5000);
    assert.deepEqual(basesIn(await world.dossier(ref("shop/app:1"))), []);
  });

  test("is the gap of a layer that could not be read", async () => {
    const world = new BaseWorld(images);
    const built = await push("shop/broken:1", [...BASE, layer({ "app/lost": "a layer that is not served" })]);
    const mend = registry.break({ reference: String(built.layers[2]?.digest) }, { kind: "status", status: 404 });
    const dossier = await world.dossier(ref("shop/broken:1"));
    mend();
    assert.deepEqual(dossier.leaves[0]?.bases, dossier.leaves[0]?.layers[2]?.content);
    assert.equal(basesIn(dossier), "gap");
  });

  test("is never looked up for layers that are not what the configuration says, and is not waited for", async () => {
    const world = new BaseWorld(images);
    await push("distroless/base:12", BASE);
    await world.verify(ref("distroless/base:12"));
    const diffIds = [...BASE.map(({ diffId }) => diffId), digestOf("another")];
    await push("shop/lying:1", APP, { diffIds });
    const dossier = await world.dossier(ref("shop/lying:1"));
    assert.equal(basesIn(dossier), "not-asked");
    assert.equal(isCovered(dossier, PLAN, AGES, SAMPLE_TIME), true);
    await world.verify(ref("shop/lying:1"));
    await push("shop/on-lies:1", [...APP, layer({ more: "of it" })]);
    assert.deepEqual(basesIn(await world.dossier(ref("shop/on-lies:1"))), [["distroless/base", 2, "12"]]);
  });

  test("is asked only where a policy asks, and then nothing is answered without it", async () => {
    const world = new BaseWorld(images);
    await push("shop/app:1", APP);
    await world.verify(ref("shop/app:1"), "{ absent: [shell] }", { bases: { find: () => assert.fail("asked") } });
    const whole = await world.dossier(ref("shop/app:1"));
    assert.equal(isCovered(whole, PLAN, AGES, SAMPLE_TIME), true);
    const leaves = whole.leaves.map((leaf) => ({ ...leaf, bases: NOT_ASKED }));
    assert.equal(isCovered({ ...whole, leaves }, PLAN, AGES, SAMPLE_TIME), false);
    assert.equal(isCovered({ ...whole, leaves }, { ...PLAN, bases: false }, AGES, SAMPLE_TIME), true);
    assert.equal(dossierFreshUntil(whole, { ...PLAN, bases: false }, AGES), undefined);
  });

  test("is learnt after the answer, which no failure changes", async () => {
    const world = new BaseWorld(images);
    await push("distroless/base:12", BASE);
    const broken = new BaseWorld(images);
    broken.records.bases.add = () => Promise.reject(new PortError("store-unavailable", "records", "the disk is full"));
    assert.equal(await broken.verify(ref("distroless/base:12")), "allow");
    assert.deepEqual(broken.gaps, [
      { code: "store-unavailable", what: "base catalogue", detail: "records: the disk is full" },
    ]);
    broken.records.bases.add = () => Promise.reject(new TypeError("a mistake"));
    assert.equal(await broken.verify(ref("distroless/base:12")), "allow");
    assert.equal(broken.gaps[1]?.detail, "an image could not be catalogued: TypeError");
    const held = Promise.withResolvers<undefined>();
    world.records.bases.add = () => held.promise;
    const answer = await world
      .verifier("{ absent: [shell] }")
      .verify(parseReference(ref("distroless/base:12")), AbortSignal.timeout(5000));
    assert.equal(answer.kind, "judged");
    held.resolve(undefined);
    await world.feed.settle();
  });

  test("is not learnt from an image whose layers were not read", async () => {
    const world = new BaseWorld(images);
    await push("distroless/base:12", BASE);
    world.records.bases.add = () => assert.fail("nothing was read");
    const rule = `{ pinned: { digests: ["${digestOf("another")}"] } }`;
    assert.equal(await world.verify(ref("distroless/base:12"), rule), "deny");
    assert.deepEqual(world.gaps, []);
  });
});
