import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createGunzip } from "node:zlib";

import { createLayerReader } from "../src/adapters/layers/layer-reader.ts";
import { createThreadedLayerReader } from "../src/adapters/layers/threaded-layer-reader.ts";
import type { LayerReader } from "../src/ports/layer-reader.ts";
import { cpuMicros, median, report, seen } from "./gate.ts";
import { arriving, longLayer, realLayer, type Blob } from "./layer-blobs.ts";

const MIB = 1024 * 1024;
const LAYER_BYTES = 200 * MIB;
const ROUNDS = 5;
/** As the readers of layers have it: a chunk is walked while the next is made. */
const CHUNKS = { chunkSize: 256 * 1024, readableHighWaterMark: 256 * 1024 };
const SIGNAL = new AbortController().signal;
const layer = realLayer(LAYER_BYTES);
const mebibytes = layer.tarBytes / MIB;

async function read(reader: LayerReader, blob: Blob): Promise<void> {
  const content = await reader.read(blob.descriptor, arriving(blob), SIGNAL);
  if (content.kind !== "walked") throw new Error(`${content.reason}: ${content.detail}`);
}

/** What nobody can do without: inflate, hash what came and what it became, and hop from header to header. */
async function floor(): Promise<void> {
  const gunzip = createGunzip(CHUNKS);
  const [packed, unpacked] = [createHash("sha256"), createHash("sha256")];
  const feeding = (async () => {
    for await (const piece of arriving(layer.blob)) {
      packed.update(piece);
      if (!gunzip.write(piece)) await new Promise((resolve) => gunzip.once("drain", resolve));
    }
    gunzip.end();
  })();
  let skip = 0;
  let names = 0;
  for await (const chunk of gunzip as AsyncIterable<Buffer>) {
    unpacked.update(chunk);
    while (skip < chunk.length) {
      const size = Number.parseInt(chunk.toString("latin1", skip + 124, skip + 135), 8) || 0;
      names += chunk.toString("latin1", skip, skip + 100).length;
      skip += 512 + Math.ceil(size / 512) * 512;
    }
    skip -= chunk.length;
  }
  await feeding;
  packed.digest();
  unpacked.digest();
  if (names === 0) throw new Error("nothing was walked");
}

/** Ours hashes what it unpacks; what came is hashed before it gets there, which is done here in the same way. */
async function verifiedWalk(reader: LayerReader): Promise<void> {
  const packed = createHash("sha256");
  async function* hashed(): AsyncGenerator<Uint8Array> {
    for await (const piece of arriving(layer.blob)) {
      packed.update(piece);
      yield piece;
    }
  }
  const content = await reader.read(layer.blob.descriptor, hashed(), SIGNAL);
  packed.digest();
  if (content.kind !== "walked") throw new Error(`${content.reason}: ${content.detail}`);
}

/** CPU microseconds of the tools that everybody has. */
function listByTools(file: string): number {
  const script = `TIMEFORMAT='%U %S'; time (gzip -dc "$1" | tar t > /dev/null)`;
  const { stderr } = spawnSync("bash", ["-c", script, "bash", file], { encoding: "utf8" });
  return (
    stderr
      .trim()
      .split(" ")
      .reduce((sum, seconds) => sum + Number(seconds), 0) * 1e6
  );
}

async function speed(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "assay-bench-"));
  const file = join(folder, "layer.tar.gz");
  writeFileSync(file, layer.packed);
  const own = createLayerReader();
  const [ours, least, tools]: [number[], number[], number[]] = [[], [], []];
  await verifiedWalk(own);
  for (let round = 0; round < ROUNDS; round += 1) {
    ours.push(await cpuMicros(() => verifiedWalk(own)));
    least.push(await cpuMicros(floor));
    tools.push(listByTools(file));
  }
  rmSync(folder, { recursive: true });
  const over = (others: readonly number[]): number => median(others.map((other, round) => other / (ours[round] ?? 0)));
  seen({ name: "verified walk: CPU a mebibyte unpacked", figure: median(ours) / mebibytes, unit: "µs" });
  seen({ name: "its floor: inflate, two hashes, headers", figure: median(least) / mebibytes, unit: "µs" });
  report({ name: "verified walk over its floor", figure: over(least), unit: "×", limit: 0.85, must: "at-least" });
  report({ name: "verified walk over gzip -dc | tar t", figure: over(tools), unit: "×", limit: 1.8, must: "at-least" });
}

/** By the clock: two cores at work are the point. */
async function parallel(): Promise<void> {
  const reader = createThreadedLayerReader({ threads: 2 });
  const timed = async (layers: number): Promise<number> => {
    const since = performance.now();
    await Promise.all(Array.from({ length: layers }, () => read(reader, layer.blob)));
    return performance.now() - since;
  };
  await timed(2);
  const ratios: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    const one = await timed(1);
    ratios.push((2 * one) / (await timed(2)));
  }
  await reader.close();
  report({ name: "two layers at once over one", figure: median(ratios), unit: "×", limit: 1.6, must: "at-least" });
}

/** The most memory that reading takes beside what there was before. */
async function growth(blob: Blob): Promise<number> {
  globalThis.gc?.();
  const before = process.memoryUsage().rss;
  let most = 0;
  async function* watched(): AsyncGenerator<Uint8Array> {
    for await (const piece of arriving(blob)) {
      most = Math.max(most, process.memoryUsage.rss() - before);
      yield piece;
    }
  }
  const content = await createLayerReader().read(blob.descriptor, watched(), SIGNAL);
  if (content.kind !== "walked") throw new Error(`${content.reason}: ${content.detail}`);
  return most / MIB;
}

async function memory(): Promise<void> {
  const blobs = [longLayer(50 * MIB), longLayer(500 * MIB)] as const;
  await growth(blobs[0]);
  for (const [name, blob] of [
    ["50 MB", blobs[0]],
    ["500 MB", blobs[1]],
  ] as const) {
    report({
      name: `memory a layer of ${name} takes`,
      figure: await growth(blob),
      unit: "MiB",
      limit: 64,
      must: "at-most",
    });
  }
}

await memory();
await speed();
await parallel();
