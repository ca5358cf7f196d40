import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, test } from "node:test";

import { createLayerReader } from "../../src/adapters/layers/layer-reader.ts";
import { digestOf } from "../../src/crypto/digest-of.ts";
import { plainDescriptor } from "../../src/domain/descriptor.ts";
import type { LayerFacts } from "../../src/domain/layer-facts.ts";

const FIXTURES = join(import.meta.dirname, "../fixtures/layers");
const GZIP = "application/vnd.oci.image.layer.v1.tar+gzip";
const ZSTD = "application/vnd.oci.image.layer.v1.tar+zstd";

const OURS = ["etc/passwd", "bin/hello", "etc/os-release", "usr/lib/os-release"];

type Packed = {
  readonly file: string;
  readonly mediaType: string;
  readonly diffId: string;
  readonly odd: readonly string[];
};

/** `diffId` is what `gzip -dc` and `zstd -dc` unpack: a table of contents is a file like any other, or is skipped. */
const PACKED: readonly Packed[] = [
  {
    file: "estargz.tar.gz",
    mediaType: GZIP,
    diffId: "sha256:407b49cec60476f5ae5c6a49819be0ebc7646624169d14db2a48f36ff06fa0d9",
    odd: [],
  },
  {
    file: "zstd-chunked.tar.zst",
    mediaType: ZSTD,
    diffId: "sha256:87d4b3e94969dc78c7c824f0f54c70e9df56b4ac5c965db402081e70bf9f2e10",
    // Its writer leaves the two zero blocks out; the runtimes take the end of the stream for them.
    odd: ["no-end-marker"],
  },
  {
    file: "zstd-chunked-skopeo.tar.zst",
    mediaType: ZSTD,
    diffId: "sha256:453830df2c10583024a313e91a447072309474bad0827906790295ee0f0baca5",
    odd: [],
  },
];

async function factsOf({ file, mediaType }: Packed, step: number): Promise<LayerFacts> {
  const bytes = await readFile(join(FIXTURES, file));
  async function* pieces(): AsyncIterable<Uint8Array> {
    for (let at = 0; at < bytes.length; at += step) yield bytes.subarray(at, at + step);
    await Promise.resolve();
  }
  const descriptor = plainDescriptor(mediaType, digestOf(bytes), bytes.length);
  const content = await createLayerReader().read(descriptor, pieces(), new AbortController().signal);
  return content.kind === "walked" ? content.facts : assert.fail(`${content.reason}: ${content.detail}`);
}

describe("a layer that can also be read in part", () => {
  for (const packed of PACKED) {
    test(`${packed.file} is read whole, as a runtime unpacks it`, async () => {
      for (const step of [1, 100, 65_536]) {
        const facts = await factsOf(packed, step);
        assert.equal(facts.diffId, packed.diffId);
        const paths = facts.entries.map(({ path }) => path);
        assert.deepEqual(
          OURS.filter((path) => !paths.includes(path)),
          [],
        );
        assert.match(facts.bodies["etc/passwd"] ?? "", /^app:x:1000:1000:/m);
        assert.deepEqual(
          facts.anomalies.map(({ code }) => code),
          packed.odd,
        );
      }
    });
  }
});
