import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import type { RegistryClient } from "../../src/adapters/oci/client.ts";
import { refreshBases } from "../../src/compose/base-refresh.ts";
import { plus } from "../../src/domain/instant.ts";
import { parseImagePattern } from "../../src/policy/pattern.ts";
import { BaseWorld } from "../support/base-world.ts";
import { DockerRegistry } from "../support/docker-registry.ts";
import { SAMPLE_TIME } from "../support/evidence-samples.ts";
import { openRegistryClient } from "../support/registry-client.ts";
import { DISTROLESS_FILES, putImageInto } from "../support/supply-chain.ts";
import { image, layer, type BuiltLayer } from "../support/tar.ts";

const DAY = 24 * 3_600_000;
const OLD = [layer(DISTROLESS_FILES)];
const NEW = [layer({ ...DISTROLESS_FILES, "etc/patched": "yes" })];

describe("base images in a real registry", () => {
  let registry: DockerRegistry;
  let images: RegistryClient;
  let world: BaseWorld;
  const requests: string[] = [];

  before(async () => {
    registry = await DockerRegistry.start();
    images = openRegistryClient({
      plainHttpHosts: [registry.host],
      onRequest: ({ method, kind, status }) => void requests.push(`${method} ${kind} ${status}`),
    });
    world = new BaseWorld(images);
  });
  after(async () => {
    await images.close();
    await registry.close();
  });

  async function push(repository: string, tags: readonly string[], layers: readonly BuiltLayer[]): Promise<void> {
    await putImageInto(registry, repository, image({}, layers), tags);
  }

  /** One run over the repositories of a pattern, and what it asked of the registry. */
  async function refresh(): Promise<readonly string[]> {
    requests.length = 0;
    const { clock, layers, records } = world;
    const running = refreshBases({
      policies: { current: () => ({ authorities: [], policies: [], warnings: [] }), onChange: () => () => undefined },
      patternsOf: () => [parseImagePattern(`${registry.host}/distroless/base`)],
      intervalMs: DAY,
      images,
      layers,
      catalogue: records.bases,
      bases: records.bases,
      clock,
      ages: { signaturesMs: DAY, absenceMs: DAY },
      onFollowed: ({ failed, detail }) => assert.equal(failed, 0, detail),
      onRefused: ({ detail }) => assert.fail(detail),
    });
    await running.settled();
    await running.close();
    return requests.toSorted();
  }

  async function basesOf(name: string): Promise<unknown> {
    const { leaves } = await world.dossier(`${registry.host}/${name}`);
    const [leaf] = leaves;
    assert.ok(leaf?.bases.kind === "observed");
    return leaf.bases.value.map(({ repository, depth, tags }) => ({
      path: repository.path,
      depth,
      tags: Object.fromEntries(tags.map(({ tag, leftAt }) => [tag, leftAt])),
    }));
  }

  test("are known by their tags, asked for by one HEAD a tag while those stay, and known to be left when they move", async () => {
    await push("distroless/base", ["12", "12.1", "latest"], OLD);
    await push("shop/app", ["1"], [...OLD, layer({ "app/main": "1" })]);
    assert.deepEqual(await refresh(), [
      "GET blob 200",
      "GET blob 200",
      "GET manifest 200",
      "GET tags 200",
      "HEAD manifest 200",
      "HEAD manifest 200",
      "HEAD manifest 200",
    ]);
    const stays = { "12": undefined, "12.1": undefined, latest: undefined };
    assert.deepEqual(await basesOf("shop/app:1"), [{ path: "distroless/base", depth: 1, tags: stays }]);

    world.clock.advance(DAY);
    const unchanged = ["GET tags 200", ...Array.from({ length: 3 }, () => "HEAD manifest 200")];
    assert.deepEqual(await refresh(), unchanged);

    await push("distroless/base", ["12", "latest"], NEW);
    world.clock.advance(DAY);
    assert.equal((await refresh()).length, unchanged.length + 3, "one manifest, its configuration and its layer");
    const leftAt = plus(SAMPLE_TIME, 2 * DAY);
    const moved = { "12": leftAt, "12.1": undefined, latest: leftAt };
    assert.deepEqual(await basesOf("shop/app:1"), [{ path: "distroless/base", depth: 1, tags: moved }]);
    await push("shop/app", ["2"], [...NEW, layer({ "app/main": "2" })]);
    const now = { "12": undefined, latest: undefined };
    assert.deepEqual(await basesOf("shop/app:2"), [{ path: "distroless/base", depth: 1, tags: now }]);
  });
});
