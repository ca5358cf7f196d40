import assert from "node:assert/strict";
import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";

import { openDatabase } from "../../src/adapters/embedded/database.ts";
import { embeddedRecordStore } from "../../src/adapters/embedded/record-store.ts";
import { parseSealKeys } from "../../src/crypto/seal-keys.ts";
import { parseReference } from "../../src/domain/reference.ts";
import { DEFAULT_RETENTION } from "../../src/ports/retention.ts";
import { BaseCatalogue } from "../../src/records/base-catalogue.ts";
import { LayoutWriter } from "../support/layout-writer.ts";
import { DISTROLESS_FILES, putImageInto, SupplyChain, verdictOf } from "../support/supply-chain.ts";
import { SYSTEM_CLOCK } from "../support/system-clock.ts";
import { image, layer } from "../support/tar.ts";

const AMD64 = { os: "linux", architecture: "amd64", variant: undefined, osVersion: undefined };
const LAYERS = [layer(DISTROLESS_FILES)];
const BUILT = image({}, LAYERS);

describe("what a process learns of base images", () => {
  let chain: SupplyChain;

  before(async () => {
    chain = await SupplyChain.start();
    chain.writePolicy("- absent: [shell]");
  });
  after(() => chain[Symbol.asyncDispose]());

  /** The catalogue that a process left behind in its folder. */
  async function learnt(data: string): Promise<readonly unknown[]> {
    const keys = join(data, "seal-keys");
    const database = openDatabase(join(data, "assay.sqlite"));
    const catalogue = new BaseCatalogue({
      store: embeddedRecordStore(database, { retention: DEFAULT_RETENTION, clock: SYSTEM_CLOCK }),
      keyring: parseSealKeys(readFileSync(keys, "utf8"), keys),
      clock: SYSTEM_CLOCK,
      onRefused: (_space, _key, why) => assert.fail(why),
    });
    const found = await catalogue.find(
      AMD64,
      LAYERS.map(({ diffId }) => diffId),
    );
    database.close();
    return found.map(({ repository, tags }) => [repository.path, ...tags.map(({ tag }) => tag)]);
  }

  test("is written down before it ends, when it verified an image in a registry", async () => {
    const data = join(chain.folder, "data-registry");
    await putImageInto(chain.registry, "distroless/base", BUILT, ["12"]);
    const app = await chain.compose({ ASSAY_DATA: data });
    assert.equal((await verdictOf(app, chain.ref("distroless/base:12"))).decision, "allow");
    await app.close();
    assert.deepEqual(await learnt(data), [["distroless/base", "12"]]);
  });

  test("is nothing from an image on disk, which may be called whatever its owner likes", async () => {
    const data = join(chain.folder, "data-layout");
    const layout = join(chain.folder, "layout");
    mkdirSync(layout);
    const writer = new LayoutWriter();
    await putImageInto(writer, "anything", BUILT, ["12"]);
    await writer.writeFolder(layout);
    const name = chain.ref("trusted/base:12");
    const local = { kind: "oci-layout", path: layout, tag: "12", as: parseReference(name) } as const;
    const app = await chain.compose({ ASSAY_DATA: data }, { localImages: [local] });
    assert.equal((await verdictOf(app, name)).decision, "allow");
    await app.close();
    assert.deepEqual(await learnt(data), []);
  });
});
