import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { after, describe, test } from "node:test";
import { constants, createGzip, gzipSync, zstdCompressSync } from "node:zlib";

import { createLayerReader } from "../../src/adapters/layers/layer-reader.ts";
import { createThreadedLayerReader } from "../../src/adapters/layers/threaded-layer-reader.ts";
import { digestOf } from "../../src/crypto/digest-of.ts";
import { plainDescriptor, type Descriptor } from "../../src/domain/descriptor.ts";
import { PortError } from "../../src/domain/errors.ts";
import type { LayerContent, LayerFacts } from "../../src/domain/layer-facts.ts";
import type { LayerReader } from "../../src/ports/layer-reader.ts";
import { randomFrom } from "../support/tar-mutations.ts";
import { layer, tar, type Packing } from "../support/tar.ts";

const GZIP = "application/vnd.oci.image.layer.v1.tar+gzip";
const ZSTD = "application/vnd.oci.image.layer.v1.tar+zstd";

const SPEC = {
  "etc/passwd": "root:x:0:0:root:/root:/bin/sh\n",
  "bin/app": { mode: 0o755, body: `\x7fELF${"x".repeat(700_000)}` },
  "bin/sh": { link: "app" },
} as const;
const TAR = tar(SPEC);

/** Bytes that do not compress, the same every time. */
function noise(length: number): Buffer {
  return Buffer.concat(
    Array.from({ length: Math.ceil(length / 32) }, (_, index) => createHash("sha256").update(String(index)).digest()),
  ).subarray(0, length);
}

async function* pieces(bytes: Uint8Array, step: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += step) yield bytes.subarray(at, at + step);
}

function described(bytes: Uint8Array, mediaType = GZIP): Descriptor {
  return plainDescriptor(mediaType, digestOf(bytes), bytes.length);
}

const QUIET = new AbortController().signal;

function skippable(content: Uint8Array): Buffer {
  const head = Buffer.alloc(8);
  head.writeUInt32LE(0x184d2a53, 0);
  head.writeUInt32LE(content.length, 4);
  return Buffer.concat([head, content]);
}

/** The tar in zstd frames of `step` bytes each, as layers made for lazy pulling have them. */
function frames(step: number): Buffer {
  const cut = Array.from({ length: Math.ceil(TAR.length / step) }, (_, index) =>
    TAR.subarray(index * step, (index + 1) * step),
  );
  return Buffer.concat(cut.map((part) => zstdCompressSync(part)));
}

async function readAll(reader: LayerReader, bytes: Uint8Array, step = 65_536, mediaType = GZIP): Promise<LayerContent> {
  return reader.read(described(bytes, mediaType), pieces(bytes, step), QUIET);
}

function factsIn(content: LayerContent): LayerFacts {
  return content.kind === "walked" ? content.facts : assert.fail(`${content.reason}: ${content.detail}`);
}

function reasonIn(content: LayerContent): string {
  return content.kind === "uninspectable" ? content.reason : content.kind;
}

async function portCode(promise: Promise<unknown>): Promise<string> {
  const error: unknown = await promise.then(
    () => assert.fail("it did not throw"),
    (thrown: unknown) => thrown,
  );
  return error instanceof PortError ? error.code : assert.fail(`threw ${String(error)}`);
}

const threaded = createThreadedLayerReader({ threads: 2 });
after(() => threaded.close());

for (const [name, reader] of [
  ["on the calling thread", createLayerReader()],
  ["in worker threads", threaded],
] as const) {
  describe(`a layer reader ${name}`, () => {
    for (const packing of ["tar", "gzip", "zstd"] as const satisfies readonly Packing[]) {
      test(`reads a ${packing} layer, its hashes and what it keeps`, async () => {
        const built = layer(SPEC, packing);
        const facts = factsIn(await reader.read(built.descriptor, pieces(built.bytes, 1000), QUIET));
        assert.equal(facts.diffId, built.diffId);
        assert.equal(facts.packing, packing);
        assert.equal(facts.compressedBytes, built.bytes.length);
        assert.equal(facts.uncompressedBytes, TAR.length);
        assert.equal(facts.entryCount, 3);
        assert.equal(facts.bodies["etc/passwd"], SPEC["etc/passwd"]);
        assert.deepEqual(
          facts.entries.map((entry) => entry.path),
          ["etc/passwd", "bin/app", "bin/sh"],
        );
        assert.deepEqual(facts.anomalies, []);
      });
    }

    test("decides by the bytes and not by the media type, and says so", async () => {
      const facts = factsIn(await readAll(reader, zstdCompressSync(TAR)));
      assert.equal(facts.packing, "zstd");
      assert.deepEqual(facts.anomalies, [{ code: "packing-mismatch", path: GZIP }]);
    });

    test("reads every member of a gzip file", async () => {
      const bytes = Buffer.concat([
        gzipSync(TAR.subarray(0, 1000)),
        gzipSync(TAR.subarray(1000, 1000)),
        gzipSync(TAR.subarray(1000)),
      ]);
      for (const step of [1000, 65_536])
        assert.equal(factsIn(await readAll(reader, bytes, step)).diffId, digestOf(TAR));
    });

    test("reads every frame of a zstd file, and passes over what frames may skip", async () => {
      for (const bytes of [
        frames(100_000),
        Buffer.concat([skippable(noise(40)), frames(300_000), skippable(Buffer.alloc(0))]),
      ]) {
        for (const step of [777, 65_536])
          assert.equal(factsIn(await readAll(reader, bytes, step, ZSTD)).diffId, digestOf(TAR));
      }
    });

    test("reads a zstd frame too large for one piece, with its checksum", async () => {
      const content = tar({ "bin/blob": { mode: 0o755, body: noise(1_500_000) } });
      const bytes = zstdCompressSync(content, { params: { [constants.ZSTD_c_checksumFlag]: 1 } });
      assert.equal(factsIn(await readAll(reader, bytes, 65_536, ZSTD)).diffId, digestOf(content));
      const broken = Buffer.from(bytes);
      broken[broken.length - 1] = (broken.at(-1) ?? 0) ^ 1;
      assert.equal(reasonIn(await readAll(reader, broken, 65_536, ZSTD)), "corrupt-compression");
    });

    const whole = gzipSync(TAR);
    const flipped = Buffer.from(whole);
    flipped[flipped.length - 6] = (flipped.at(-6) ?? 0) ^ 1;
    const windowed = zstdCompressSync(noise(1000), {
      params: { [constants.ZSTD_c_windowLog]: 28, [constants.ZSTD_c_contentSizeFlag]: 0 },
    });
    windowed[5] = (28 - 10) << 3;

    for (const [what, reason, bytes] of [
      ["a gzip layer cut short", "truncated", whole.subarray(0, -20)],
      ["a gzip layer whose trailer is cut", "truncated", whole.subarray(0, -3)],
      ["a gzip layer with a wrong checksum", "corrupt-compression", flipped],
      ["zeros after a gzip layer", "corrupt-compression", Buffer.concat([whole, Buffer.alloc(600)])],
      ["garbage after a gzip layer", "corrupt-compression", Buffer.concat([whole, Buffer.from("garbage")])],
      ["a member behind zeros in a gzip layer", "corrupt-compression", Buffer.concat([whole, Buffer.alloc(8), whole])],
      [
        "a frame cut short after a whole tar",
        "truncated",
        Buffer.concat([frames(1e6), zstdCompressSync(Buffer.alloc(512))]).subarray(0, -3),
      ],
      ["a zstd layer cut inside a frame", "truncated", frames(200_000).subarray(0, -5)],
      [
        "a zstd layer cut inside a skippable frame",
        "truncated",
        Buffer.concat([frames(1e6), skippable(noise(9))]).subarray(0, -2),
      ],
      ["garbage after a zstd layer", "corrupt-compression", Buffer.concat([frames(1e6), Buffer.from("garbage")])],
      ["zeros after a zstd layer", "corrupt-compression", Buffer.concat([frames(1e6), Buffer.alloc(600)])],
      ["a zstd window of 256 MiB", "corrupt-compression", windowed],
      ["a layer that is no tar", "malformed-tar", gzipSync(noise(5000))],
      ["an empty gzip file inside nothing", "truncated", whole.subarray(0, 5)],
    ] as const) {
      test(`answers ${reason} to ${what}`, async () => {
        for (const step of [997, 1e9]) assert.equal(reasonIn(await readAll(reader, bytes, step)), reason);
      });
    }

    test("answers bomb to a layer that grows two hundredfold", async () => {
      // 100 MiB of zeros in a file: beyond the first 64 MiB, and a thousand times its size.
      const head = tar({ big: { size: 100 * 1024 * 1024, body: "" } }).subarray(0, 512);
      const bytes = await gzipZeros(head, 100);
      assert.equal(reasonIn(await readAll(reader, bytes)), "bomb");
      const zstd = Buffer.concat([
        zstdCompressSync(head),
        ...Array.from({ length: 100 }, () => zstdCompressSync(Buffer.alloc(1024 * 1024))),
      ]);
      assert.equal(reasonIn(await readAll(reader, zstd, 65_536, ZSTD)), "bomb");
    });

    test("reads types that are not read without looking at them, yet to the end", async () => {
      for (const [mediaType, reason] of [
        ["application/vnd.erofs.layer.v1", "unknown-media-type"],
        ["application/vnd.oci.image.layer.v1.tar+gzip+encrypted", "encrypted"],
        ["application/vnd.oci.image.layer.nondistributable.v1.tar+gzip", "foreign"],
      ] as const) {
        assert.equal(reasonIn(await readAll(reader, whole, 1000, mediaType)), reason);
      }
      assert.equal(
        reasonIn(await reader.read({ ...described(whole), foreign: true }, pieces(whole, 1000), QUIET)),
        "foreign",
      );
    });

    test("says nothing of a layer before its last byte was checked", async () => {
      const bad = gzipSync(Buffer.concat([noise(100_000)]));
      async function* lying(): AsyncGenerator<Uint8Array> {
        yield bad.subarray(0, -10);
        throw new PortError("digest-mismatch", "layer", "the bytes are not the digest's");
      }
      assert.equal(await portCode(reader.read(described(bad), lying(), QUIET)), "digest-mismatch");
    });

    test("throws what the blob throws", async () => {
      async function* broken(): AsyncGenerator<Uint8Array> {
        yield whole.subarray(0, 500);
        throw new PortError("unreachable", "registry", "connection reset");
      }
      assert.equal(await portCode(reader.read(described(whole), broken(), QUIET)), "unreachable");
      assert.equal(factsIn(await readAll(reader, whole)).entryCount, 3, "the next layer is read all the same");
    });

    test("refuses a blob of another size than its descriptor's", async () => {
      const wrong = { ...described(whole), size: whole.length + 1 };
      assert.equal(await portCode(reader.read(wrong, pieces(whole, 1000), QUIET)), "digest-mismatch");
    });

    test("stops at once when aborted, and gives the blob up", async () => {
      const abort = new AbortController();
      let isClosed = false;
      async function* endless(): AsyncGenerator<Uint8Array> {
        try {
          yield whole.subarray(0, 500);
          setTimeout(() => abort.abort(), 5);
          await new Promise((resolve) => setTimeout(resolve, 200));
          yield whole.subarray(500);
        } finally {
          isClosed = true;
        }
      }
      assert.equal(await portCode(reader.read(described(whole), endless(), abort.signal)), "aborted");
      assert.equal(await portCode(reader.read(described(whole), pieces(whole, 100), AbortSignal.abort())), "aborted");
      await new Promise((resolve) => setTimeout(resolve, 300));
      assert.ok(isClosed);
    });

    test("survives any damage to compressed bytes", async () => {
      const random = randomFrom(7);
      for (let run = 0; run < 150; run += 1) {
        const bytes = Buffer.from(run % 2 === 0 ? whole : frames(300_000));
        for (let change = 0; change <= random(3); change += 1) bytes[random(bytes.length)] = random(256);
        const content = await readAll(reader, bytes.subarray(0, bytes.length - (run % 5 === 0 ? random(40) : 0)), 4096);
        // What is still walked has the very content, or a tar of its own: never a part of ours.
        if (content.kind === "walked" && content.facts.entryCount > 0)
          assert.equal(content.facts.uncompressedBytes, TAR.length);
      }
    });

    test("reads many layers at once", async () => {
      const all = await Promise.all(Array.from({ length: 12 }, () => readAll(reader, whole, 4096)));
      assert.ok(all.every((content) => factsIn(content).diffId === digestOf(TAR)));
    });
  });
}

/** A gzip file of `head` and so many mebibytes of zeros, made without holding them. */
async function gzipZeros(head: Uint8Array, mebibytes: number): Promise<Buffer> {
  const gzip = createGzip();
  const parts: Buffer[] = [];
  gzip.on("data", (part: Buffer) => parts.push(part));
  gzip.write(head);
  const zeros = Buffer.alloc(1024 * 1024);
  for (let index = 0; index < mebibytes; index += 1) gzip.write(zeros);
  const { promise, resolve } = Promise.withResolvers<void>();
  gzip.end(resolve);
  await promise;
  return Buffer.concat(parts);
}

describe("the threads of a layer reader", () => {
  const bytes = gzipSync(TAR);

  test("are replaced when they crash", async () => {
    const crashing = createThreadedLayerReader({
      threads: 1,
      entry: new URL("../fixtures/threads/crashing.ts", import.meta.url),
    });
    for (let attempt = 0; attempt < 2; attempt += 1)
      assert.equal(await portCode(readAll(crashing, bytes)), "server-error");
    await crashing.close();
  });

  test("do not wait for the blob when they crash", async () => {
    const crashing = createThreadedLayerReader({
      threads: 1,
      entry: new URL("../fixtures/threads/crashing.ts", import.meta.url),
    });
    const never = Promise.withResolvers<never>();
    async function* stalled(): AsyncGenerator<Uint8Array> {
      yield bytes.subarray(0, 10);
      await never.promise;
    }
    assert.equal(await portCode(crashing.read(described(bytes), stalled(), QUIET)), "server-error");
    await crashing.close();
  });

  test("are sent no more of a layer than they keep up with", async () => {
    const silent = createThreadedLayerReader({
      threads: 1,
      entry: new URL("../fixtures/threads/silent.ts", import.meta.url),
    });
    const chunk = noise(256 * 1024);
    let given = 0;
    async function* counted(): AsyncGenerator<Uint8Array> {
      for (;;) {
        given += 1;
        yield chunk;
      }
    }
    const reading = portCode(silent.read(plainDescriptor(GZIP, digestOf("any"), 1e9), counted(), QUIET));
    await new Promise((resolve) => setTimeout(resolve, 100));
    await silent.close();
    assert.equal(await reading, "server-error");
    assert.ok(given >= 8 && given <= 10, `${given} chunks were taken`);
  });

  test("hand a turn on when one that waits is aborted", async () => {
    const single = createThreadedLayerReader({ threads: 1 });
    const gate = Promise.withResolvers<void>();
    async function* held(): AsyncGenerator<Uint8Array> {
      await gate.promise;
      yield bytes;
    }
    const abort = new AbortController();
    const first = single.read(described(bytes), held(), QUIET);
    const second = single.read(described(bytes), pieces(bytes, 1000), abort.signal);
    const third = single.read(described(bytes), pieces(bytes, 1000), QUIET);
    gate.resolve();
    abort.abort();
    assert.equal(await portCode(second), "aborted");
    assert.equal(factsIn(await first).entryCount, 3);
    assert.equal(factsIn(await third).entryCount, 3);
    await single.close();
  });

  test("fail what they were reading when they are closed, and read nothing afterwards", async () => {
    const closing = createThreadedLayerReader({ threads: 1 });
    const gate = Promise.withResolvers<void>();
    async function* held(): AsyncGenerator<Uint8Array> {
      yield bytes.subarray(0, 100);
      await gate.promise;
      yield bytes.subarray(100);
    }
    const reading = portCode(closing.read(described(bytes), held(), QUIET));
    await new Promise((resolve) => setTimeout(resolve, 50));
    await closing.close();
    assert.equal(await reading, "server-error");
    gate.resolve();
    assert.equal(await portCode(readAll(closing, bytes)), "aborted");
  });
});
