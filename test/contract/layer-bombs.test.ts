import assert from "node:assert/strict";
import { once } from "node:events";
import { after, before, describe, test } from "node:test";
import { constants, createZstdCompress, gzipSync, zstdCompressSync } from "node:zlib";

import { createThreadedLayerReader } from "../../src/adapters/layers/threaded-layer-reader.ts";
import { digestOf } from "../../src/crypto/digest-of.ts";
import { plainDescriptor, type Descriptor } from "../../src/domain/descriptor.ts";
import type { LayerContent } from "../../src/domain/layer-facts.ts";
import {
  MAX_DEPTH,
  MAX_ENTRIES,
  MAX_KEPT_ENTRIES,
  MAX_PATH,
  MAX_SPECIAL_BYTES,
  MAX_SPECIAL_TOTAL,
  MAX_WHITEOUTS,
} from "../../src/inspections/layer-limits.ts";
import { entry, gnuLong, header, layer, padded, paxRecord, tar } from "../support/tar.ts";

const MIB = 1024 * 1024;
const TYPE = "application/vnd.oci.image.layer.v1.tar";
const SIGNAL = new AbortController().signal;
/** Far from what a bomb would take if it went off: minutes, and gibibytes. */
const MAX_MS = 60_000;
const MAX_GROWTH = 512 * MIB;

/** A part of a blob, and how often it comes. */
type Part = readonly [bytes: Uint8Array, times: number];

function blobOf(
  parts: readonly Part[],
  mediaType = TYPE,
): { descriptor: Descriptor; bytes: () => AsyncIterable<Uint8Array> } {
  const size = parts.reduce((sum, [bytes, times]) => sum + bytes.length * times, 0);
  return {
    descriptor: plainDescriptor(mediaType, digestOf("not looked at"), size),
    bytes: async function* () {
      for (const [bytes, times] of parts) {
        for (let time = 0; time < times; time += 1) yield await Promise.resolve(bytes);
      }
    },
  };
}

/** So many entries, in pieces of a thousand. */
function entries(count: number, one: Buffer): readonly Part[] {
  return [[Buffer.concat(Array.from({ length: 1000 }, () => one)), Math.ceil(count / 1000)]];
}

async function zstdZeros(lead: Uint8Array, mebibytes: number): Promise<Buffer> {
  const zstd = createZstdCompress();
  const parts: Buffer[] = [];
  zstd.on("data", (part: Buffer) => parts.push(part));
  zstd.write(lead);
  const zeros = Buffer.alloc(MIB);
  for (let index = 0; index < mebibytes; index += 1) {
    if (!zstd.write(zeros)) await new Promise((resolve) => zstd.once("drain", resolve));
  }
  zstd.end();
  await once(zstd, "end");
  return Buffer.concat(parts);
}

const HUGE = header({ name: "huge", size: 4 * 1024 * MIB });
const zeros = gzipSync(Buffer.alloc(64 * MIB), { level: 9 });
/** The largest value in one PAX header; its length stands before it. */
const FULL_PAX = Buffer.from(paxRecord("comment", "x".repeat(MAX_SPECIAL_BYTES - 32)));
const PAX_ENTRY = Buffer.concat([
  header({ name: "PaxHeaders.0/x", type: "x", size: FULL_PAX.length }),
  padded(FULL_PAX),
  header({ name: "x" }),
]);
const wide = zstdCompressSync(Buffer.alloc(1000), {
  params: { [constants.ZSTD_c_windowLog]: 28, [constants.ZSTD_c_contentSizeFlag]: 0 },
});
wide[5] = (28 - 10) << 3;

const BOMBS: readonly (readonly [
  what: string,
  reason: string,
  parts: () => Promise<readonly Part[]> | readonly Part[],
])[] = [
  [
    "a gibibyte of zeros in a mebibyte of gzip",
    "bomb",
    () => [
      [gzipSync(HUGE), 1],
      [zeros, 16],
    ],
  ],
  ["a gibibyte of zeros in 33 kilobytes of zstd", "bomb", async () => [[await zstdZeros(HUGE, 1024), 1]]],
  ["a zstd window of 256 MiB", "corrupt-compression", () => [[wide, 1]]],
  ["a million entries and one", "limit", () => entries(MAX_ENTRIES + 1, header({ name: "data/x" }))],
  [
    "too many entries of interest",
    "limit",
    () => entries(MAX_KEPT_ENTRIES + 1, header({ name: "bin/x", mode: 0o755 })),
  ],
  ["too many links", "limit", () => entries(MAX_KEPT_ENTRIES + 1, header({ name: "data/x", type: "2", link: "y" }))],
  ["too many whiteouts", "limit", () => entries(MAX_WHITEOUTS + 1, header({ name: "data/.wh.x" }))],
  ["too many bytes of PAX headers", "limit", () => [[PAX_ENTRY, MAX_SPECIAL_TOTAL / MAX_SPECIAL_BYTES + 1]]],
  [
    "a PAX header that is too large",
    "malformed-tar",
    () => [[header({ name: "x", type: "x", size: MAX_SPECIAL_BYTES + 1 }), 1]],
  ],
  [
    "too much text of names of interest",
    "limit",
    () => [
      ...entries(
        60_000,
        Buffer.concat([gnuLong("L", `bin/${"d/".repeat(100)}${"n".repeat(200)}`), header({ name: "x", mode: 0o755 })]),
      ),
    ],
  ],
  ["a path that is too deep", "limit", () => [[tar({ [`${"d/".repeat(MAX_DEPTH)}x`]: "" }), 1]]],
  [
    "a path that is too long",
    "limit",
    () => [[tar({ [`${"d".repeat(250)}/`.repeat(17).slice(0, MAX_PATH + 1)]: "" }), 1]],
  ],
  ["a name that is too long", "limit", () => [[tar({ [`a/${"n".repeat(256)}`]: "" }), 1]]],
  ["a link that is too long", "limit", () => [[tar({ l: { link: "t".repeat(MAX_PATH + 1) } }), 1]]],
  [
    "an entry that promises more than comes",
    "truncated",
    () => [
      [HUGE, 1],
      [Buffer.alloc(MIB), 3],
    ],
  ],
];

describe("layers made to exhaust", () => {
  const reader = createThreadedLayerReader({ threads: 2 });
  const honest = layer({
    "bin/app": { mode: 0o755, body: `\x7fELF${"x".repeat(100_000)}` },
    "etc/passwd": "root:x:0:0::/:\n",
  });
  const readHonest = async (): Promise<LayerContent> =>
    reader.read(honest.descriptor, blobOf([[honest.bytes, 1]]).bytes(), SIGNAL);
  before(readHonest);
  after(() => reader.close());

  for (const [what, reason, parts] of BOMBS) {
    test(`are answered with ${reason} for ${what}, while another layer is read undisturbed`, async () => {
      const bomb = blobOf(await parts());
      const [since, rss] = [performance.now(), process.memoryUsage.rss()];
      const reading = reader.read(bomb.descriptor, bomb.bytes(), SIGNAL);
      const other = await readHonest();
      assert.ok(other.kind === "walked" && other.facts.diffId === honest.diffId && other.facts.entryCount === 2);
      const content = await reading;
      assert.equal(
        content.kind === "uninspectable" ? content.reason : content.kind,
        reason,
        JSON.stringify(content).slice(0, 300),
      );
      assert.ok(performance.now() - since < MAX_MS);
      assert.ok(process.memoryUsage.rss() - rss < MAX_GROWTH, `${process.memoryUsage.rss() - rss} bytes more`);
      assert.equal((await readHonest()).kind, "walked", "and the next one too");
    });
  }

  test("are read where they stay within the limits: many entries, none of interest", async () => {
    const many = blobOf([...entries(308_000, entry("data/x", "")), [Buffer.alloc(1024), 1]]);
    const content = await reader.read(many.descriptor, many.bytes(), SIGNAL);
    const found = content.kind === "walked" ? content.facts : assert.fail(JSON.stringify(content));
    assert.deepEqual([found.entryCount, found.entries.length], [308_000, 0]);
  });
});
