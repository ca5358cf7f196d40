import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, describe, test } from "node:test";

import type { RegistryClient } from "../../../src/adapters/oci/client.ts";
import { MAX_REPOSITORIES } from "../../../src/compose/base-repositories.ts";
import { refreshBases, type BaseRefresh, type BaseRefreshParts } from "../../../src/compose/base-refresh.ts";
import { PortError } from "../../../src/domain/errors.ts";
import { plus } from "../../../src/domain/instant.ts";
import type { Platform } from "../../../src/domain/platform.ts";
import type { PolicySet } from "../../../src/domain/policy.ts";
import { parseRepository, type Repository } from "../../../src/domain/reference.ts";
import { chainIdsOf } from "../../../src/crypto/chain-id.ts";
import { MAX_TAGS } from "../../../src/pipeline/follow-tags.ts";
import { withCalls } from "../../../src/pipeline/once-by-digest.ts";
import { parseImagePattern } from "../../../src/policy/pattern.ts";
import type { ImageSource } from "../../../src/ports/image-source.ts";
import { BaseWorld } from "../../support/base-world.ts";
import { SAMPLE_TIME } from "../../support/evidence-samples.ts";
import { putIndex } from "../../support/image-builder.ts";
import { openRegistryClient } from "../../support/registry-client.ts";
import { TestRegistry } from "../../support/registry.ts";
import { DISTROLESS_FILES, putImageInto } from "../../support/supply-chain.ts";
import { image, layer, type BuiltImage, type ConfigSpec } from "../../support/tar.ts";

const HOUR = 3_600_000;
const AMD64: Platform = { os: "linux", architecture: "amd64", variant: undefined, osVersion: undefined };
const NO_POLICIES: PolicySet = { authorities: [], policies: [], warnings: [] };
const FIRST = [layer(DISTROLESS_FILES)];
const SECOND = [layer({ "etc/base": "rebuilt" })];
const chainOf = (layers: typeof FIRST) => chainIdsOf(layers.map(({ diffId }) => diffId));

describe("following base images", () => {
  let registry: TestRegistry;
  let images: RegistryClient;
  let world: BaseWorld;
  let events: string[];
  let listener: (() => void) | undefined;
  let open: BaseRefresh[];

  before(async () => {
    images = openRegistryClient();
    await images.close();
  });
  beforeEach(async () => {
    registry = await TestRegistry.start();
    images = openRegistryClient({ plainHttpHosts: [registry.host] });
    world = new BaseWorld(images);
    events = [];
    open = [];
  });
  afterEach(async () => {
    await Promise.all(open.map((one) => one.close()));
    await images.close();
    await registry.close();
  });
  after(() => assert.equal(listener, undefined, "a refresh that is closed listens no more"));

  function follow(patterns: readonly string[] | (() => readonly string[]), more: Partial<BaseRefreshParts> = {}) {
    const { clock, layers, records } = world;
    const named = typeof patterns === "function" ? patterns : () => patterns;
    const host = registry.host;
    const refresh = refreshBases({
      policies: {
        current: () => NO_POLICIES,
        onChange: (told) => {
          listener = () => told(NO_POLICIES);
          return () => void (listener = undefined);
        },
      },
      patternsOf: () => named().map((text) => parseImagePattern(text.replace("HOST", host))),
      intervalMs: 6 * HOUR,
      images,
      layers,
      catalogue: records.bases,
      bases: records.bases,
      clock,
      ages: { signaturesMs: HOUR, absenceMs: HOUR },
      onFollowed: ({ from, tags, added, failed }) =>
        void events.push(`${from.replace(host, "HOST")} ${tags} tags, ${added} new, ${failed} failed`),
      onRefused: ({ from, detail }) => void events.push(`${from} refused: ${detail}`.replaceAll(host, "HOST")),
      ...more,
    });
    open.push(refresh);
    return refresh;
  }

  /** One whole run of a process that was just started. */
  async function run(patterns: readonly string[], more: Partial<BaseRefreshParts> = {}): Promise<void> {
    const refresh = follow(patterns, more);
    await refresh.settled();
    await refresh.close();
  }

  async function push(name: string, layers = FIRST, spec: ConfigSpec = {}): Promise<BuiltImage> {
    const [repository = "", tag = ""] = name.split(":");
    const built = image(spec, layers);
    await putImageInto(registry, repository, built, [tag]);
    return built;
  }

  async function found(layers = FIRST, platform = AMD64): Promise<readonly (readonly string[])[]> {
    const candidates = await world.records.bases.find(platform, chainOf(layers));
    return candidates.map(({ repository, tags }) => [
      repository.path,
      ...tags.map(({ tag, leftAt }) => (leftAt === undefined ? tag : `${tag} until ${leftAt}`)),
    ]);
  }

  const asked = (): readonly string[] =>
    registry.seen().map(({ method, kind, status }) => `${method} ${kind} ${status}`);

  test("makes no request where no policy names a base", async () => {
    await push("distroless/base:12");
    await run([]);
    assert.deepEqual(
      asked().filter((one) => one.startsWith("GET")),
      [],
    );
    assert.deepEqual(events, []);
  });

  test("catalogues every platform of every tag, and asks of what did not move one HEAD a tag and the list", async () => {
    const amd64 = image({}, FIRST);
    const arm64 = image({ architecture: "arm64" }, SECOND);
    for (const built of [amd64, arm64]) await putImageInto(registry, "distroless/base", built, []);
    const entries = [
      { descriptor: amd64.manifest.descriptor, platform: { os: "linux", architecture: "amd64" } },
      { descriptor: arm64.manifest.descriptor, platform: { os: "linux", architecture: "arm64" } },
    ];
    const index = await putIndex(registry, "distroless/base", entries, { tags: ["12"] });
    await push("distroless/base:debug", FIRST, { user: "0" });
    await run(["HOST/distroless/base"]);
    assert.deepEqual(events, ["HOST/distroless/base 2 tags, 2 new, 0 failed"]);
    assert.deepEqual(
      (await found()).toSorted((a, b) => a.join().localeCompare(b.join())),
      [
        ["distroless/base", "12"],
        ["distroless/base", "debug"],
      ],
    );
    const [arm] = await world.records.bases.find({ ...AMD64, architecture: "arm64" }, chainOf(SECOND));
    assert.equal(arm?.index, index.descriptor.digest);
    assert.equal(arm?.digest, arm64.manifest.descriptor.digest);
    registry.forget();
    world.clock.advance(6 * HOUR);
    await run(["HOST/distroless/base"]);
    assert.deepEqual(asked().toSorted(), ["GET tags 200", "HEAD manifest 200", "HEAD manifest 200"]);
    const [again] = await world.records.bases.find(AMD64, chainOf(FIRST));
    assert.equal(again?.tags[0]?.lastSeen, world.clock.now());
    assert.equal(again?.tags[0]?.firstSeen, SAMPLE_TIME);
  });

  test("reads each layer once, whichever images share it", async () => {
    await push("distroless/base:1");
    await push("distroless/base:2", [...FIRST, ...SECOND]);
    await push("distroless/other:1", FIRST, { user: "1" });
    await run(["HOST/distroless/base", "HOST/distroless/other"]);
    for (const { digest } of [...FIRST, ...SECOND]) {
      assert.equal(registry.seen({ reference: digest, method: "GET" }).length, 1);
    }
  });

  test("reads two layers at a time at most, whatever tags have", async () => {
    const many = (name: string) => Array.from({ length: 6 }, (_, at) => layer({ [`${name}/${at}`]: name }));
    for (const name of ["a", "b", "c"]) await push(`distroless/base:${name}`, many(name));
    let now = 0;
    let most = 0;
    const content: BaseRefreshParts["layers"]["content"] = async (...asked) => {
      now += 1;
      most = Math.max(most, now);
      try {
        return await world.layers.content(...asked);
      } finally {
        now -= 1;
      }
    };
    await run(["HOST/distroless/base"], { layers: { content } });
    assert.deepEqual(events, ["HOST/distroless/base 3 tags, 3 new, 0 failed"]);
    assert.equal(most, 2);
  });

  test("closes the span of a tag that moved, and of one that is gone", async () => {
    await push("distroless/base:12");
    await push("distroless/base:gone", FIRST);
    await run(["HOST/distroless/base"]);
    await push("distroless/base:12", SECOND);
    registry.untag("distroless/base", "gone");
    world.clock.advance(24 * HOUR);
    await run(["HOST/distroless/base"]);
    const [[name, ...tags] = []] = await found();
    assert.equal(name, "distroless/base");
    const left = plus(SAMPLE_TIME, 24 * HOUR);
    assert.deepEqual(tags.toSorted(), [`12 until ${left}`, `gone until ${left}`]);
    assert.deepEqual(await found(SECOND), [["distroless/base", "12"]]);
  });

  test("looks into what a verification saw in part", async () => {
    const built = await push("distroless/base:12");
    const root = built.manifest.descriptor.digest;
    const repository = registry.repository("distroless/base");
    const sighting = { repository, tag: "12" as never, root, at: SAMPLE_TIME, images: [], isWhole: false };
    await world.records.bases.add(sighting);
    await run(["HOST/distroless/base"]);
    assert.deepEqual(await found(), [["distroless/base", "12"]]);
  });

  test("follows what a pattern matches in the registry's list", async () => {
    await push("distroless/base:12");
    await push("distroless/nested/static:1", SECOND);
    await push("elsewhere/base:12");
    await run(["HOST/distroless/**"]);
    assert.deepEqual(events.toSorted(), [
      "HOST/distroless/base 1 tags, 1 new, 0 failed",
      "HOST/distroless/nested/static 1 tags, 1 new, 0 failed",
    ]);
  });

  test("tells once what to write where a registry does not list its repositories", async () => {
    registry.break({ kind: "catalog" }, { kind: "status", status: 401 });
    const refresh = follow(["HOST/distroless/**", "*.example.com/base/debian"]);
    await refresh.settled();
    listener?.();
    await refresh.settled();
    assert.equal(events.length, 2, events.join("\n"));
    assert.match(
      events[0] ?? "",
      /^HOST\/distroless\/\*\* refused: HOST catalog: .*: name the repositories themselves/,
    );
    assert.match(events[1] ?? "", /its host may be any: name the repositories themselves/);
  });

  test("follows so many repositories of a pattern at most, and says so", async () => {
    const all = Array.from({ length: MAX_REPOSITORIES + 1 }, (_, at) =>
      parseRepository(`${registry.host}/many/r${at}`),
    );
    async function* repositories(): AsyncGenerator<Repository> {
      yield* all;
    }
    const seen: string[] = [];
    async function* tags({ path }: Repository): AsyncGenerator<never> {
      seen.push(path);
      yield* [];
    }
    await run(["HOST/many/*"], { images: withCalls(images, { repositories, tags }) });
    assert.equal(seen.length, MAX_REPOSITORIES);
    assert.match(events[0] ?? "", /more than 100 repositories match: name the repositories themselves/);
  });

  test("follows so many tags of a repository at most, the last as listed, and none that hold signatures", async () => {
    const heads: string[] = [];
    const attached = `sha256-${"0".repeat(64)}`;
    const names = [attached, `${attached}.sig`, ...Array.from({ length: MAX_TAGS + 3 }, (_, at) => `t${at}`)];
    const tags: ImageSource["tags"] = async function* tags() {
      yield* names as never[];
    };
    const head: ImageSource["head"] = async (reference) => {
      heads.push(String(reference.tag));
      return Promise.resolve(undefined);
    };
    await run(["HOST/distroless/base"], { images: withCalls(images, { tags, head }) });
    assert.equal(heads.length, MAX_TAGS);
    assert.deepEqual([heads[0], heads.includes("t2"), heads.includes(`${attached}.sig`)], ["t3", false, false]);
  });

  test("reads the other tags where one cannot be read, and that one the next time", async () => {
    await push("distroless/base:12");
    const broken = await push("distroless/base:13", SECOND);
    const lost = String(broken.layers[0]?.digest);
    const mend = registry.break({ reference: lost }, { kind: "status", status: 404 });
    await run(["HOST/distroless/base"]);
    assert.deepEqual(events, ["HOST/distroless/base 2 tags, 1 new, 1 failed"]);
    assert.deepEqual(await found(), [["distroless/base", "12"]]);
    assert.deepEqual(await found(SECOND), []);
    mend();
    world.clock.advance(6 * HOUR);
    await run(["HOST/distroless/base"]);
    assert.deepEqual(await found(SECOND), [["distroless/base", "13"]]);
  });

  test("keeps what leads to no image from being read again", async () => {
    const text = Buffer.from("{}");
    await registry.putManifest("distroless/base", text, "application/vnd.oci.image.manifest.v1+json", ["odd"]);
    await run(["HOST/distroless/base"]);
    registry.forget();
    world.clock.advance(6 * HOUR);
    await run(["HOST/distroless/base"]);
    assert.deepEqual(asked().toSorted(), ["GET tags 200", "HEAD manifest 200"]);
  });

  test("does not repeat what another process just did", async () => {
    await push("distroless/base:12");
    await run(["HOST/distroless/base"]);
    registry.forget();
    world.clock.advance(3 * HOUR - 1);
    await run(["HOST/distroless/base"]);
    assert.deepEqual(asked(), []);
    world.clock.advance(1);
    await run(["HOST/distroless/base"]);
    assert.equal(asked().length, 2);
  });

  test("follows policies as they change", async () => {
    await push("distroless/base:12");
    let patterns: readonly string[] = [];
    const refresh = follow(() => patterns);
    await refresh.settled();
    assert.deepEqual(events, []);
    patterns = ["HOST/distroless/base"];
    listener?.();
    await refresh.settled();
    assert.deepEqual(events, ["HOST/distroless/base 1 tags, 1 new, 0 failed"]);
  });

  test("tells of a list that cannot be read, once, and leaves the spans as they are", async () => {
    await push("distroless/base:12");
    await run(["HOST/distroless/base"]);
    world.clock.advance(6 * HOUR);
    registry.break({ kind: "tags" }, { kind: "status", status: 403 });
    const refresh = follow(["HOST/distroless/base"]);
    await refresh.settled();
    listener?.();
    await refresh.settled();
    assert.equal(events.length, 2);
    assert.match(events[1] ?? "", /^HOST\/distroless\/base refused: HOST\/distroless\/base tags: /);
    assert.deepEqual(await found(), [["distroless/base", "12"]]);
  });

  test("ends when it is closed, whatever is under way", async () => {
    await push("distroless/base:12");
    const release = registry.hold({ kind: "tags" });
    const refresh = follow(["HOST/distroless/base"]);
    await registry.sees({ kind: "tags" }, 1);
    await refresh.close();
    release();
    assert.deepEqual(events, []);
    assert.deepEqual(await found(), []);
  });

  test("survives a store that does not answer", async () => {
    await push("distroless/base:12");
    const lost = new BaseWorld(images);
    lost.records.bases.lastLook = () => Promise.reject(new PortError("store-unavailable", "records", "is gone"));
    await run(["HOST/distroless/base"], { catalogue: lost.records.bases });
    assert.deepEqual(events, ["HOST/distroless/base refused: records: is gone"]);
  });
});
