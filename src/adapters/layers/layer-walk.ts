import type { Descriptor } from "../../domain/descriptor.ts";
import { PortError } from "../../domain/errors.ts";
import type { LayerContent } from "../../domain/layer-facts.ts";
import { layerPacking } from "../../domain/media-types.ts";
import { digestStream } from "../../crypto/digest-of.ts";
import { fault, type Fault } from "../../inspections/fault.ts";
import { LayerCollector } from "../../inspections/layer-collector.ts";
import { refuseLayerType } from "../../inspections/layer-type.ts";
import { TarWalk } from "../../inspections/tar-walk.ts";

import { BlobTap } from "./blob-tap.ts";
import { NODE_TOOLS } from "./content-tools.ts";
import { inflate, MAGIC_BYTES, packingOf, type Packing } from "./inflate.ts";

const MIB = 1024 * 1024;
/** Decompressed bytes of one layer. */
const MAX_LAYER_BYTES = 16 * 1024 * MIB;
/** Beyond the first bytes no honest layer grows more than this: gzip ends at 1,032, zstd at 32,000 (reference: inspection, 6). */
const MAX_RATIO = 200;
const RATIO_FREE_BYTES = 64 * MIB;
/** Time spent on a layer besides waiting for it. A slow machine is not the layer's doing, so it is no fact about it. */
const MAX_BUSY_MS = 60_000;

/** How far a layer may grow, from its compressed size: a function of the bytes alone. */
function growthLimit(layer: Descriptor): number {
  return Math.min(MAX_LAYER_BYTES, Math.max(RATIO_FREE_BYTES, layer.size * MAX_RATIO));
}

/**
 * Reads a layer to its last byte, whatever is found: that the bytes are the descriptor's is known only there. Throws what
 * the blob throws, and `PortError` (`aborted`, `timeout`, or `digest-mismatch` for a blob of another size).
 */
export async function walkLayer(
  layer: Descriptor,
  blob: AsyncIterable<Uint8Array>,
  signal: AbortSignal,
): Promise<LayerContent> {
  const what = `layer ${layer.digest}`;
  const tap = new BlobTap(blob, what, signal);
  try {
    const content = await contentOf(layer, tap, what);
    await tap.drain();
    if (tap.bytes === layer.size) return content;
    throw new PortError("digest-mismatch", what, `${tap.bytes} bytes arrived where ${layer.size} were promised`);
  } catch (error) {
    tap.abandon();
    throw error;
  }
}

async function contentOf(layer: Descriptor, tap: BlobTap, what: string): Promise<LayerContent> {
  const refusal = refuseLayerType(layer);
  if (refusal !== undefined) return uninspectable(refusal);
  const packing = packingOf(await tap.peek(MAGIC_BYTES));
  const reading = new Reading(layer, packing, what);
  const since = performance.now();
  for await (const piece of inflate(tap, packing)) {
    const found = "reason" in piece ? piece : reading.take(piece);
    if (found !== undefined) return uninspectable(found);
    if (performance.now() - since - tap.waitedMs > MAX_BUSY_MS) {
      throw new PortError("timeout", what, `reading it took more than ${MAX_BUSY_MS / 1000} s`);
    }
  }
  return reading.finish(tap.bytes);
}

function uninspectable(found: Fault): LayerContent {
  return { kind: "uninspectable", reason: found.reason, detail: found.detail };
}

/** One layer's tar on its way past the hash and the walk. */
class Reading {
  readonly #layer: Descriptor;
  readonly #packing: Packing;
  readonly #limit: number;
  readonly #what: string;
  readonly #collector = new LayerCollector(NODE_TOOLS);
  readonly #walk = new TarWalk(this.#collector);
  readonly #hash = digestStream();
  #bytes = 0;

  constructor(layer: Descriptor, packing: Packing, what: string) {
    this.#layer = layer;
    this.#packing = packing;
    this.#limit = growthLimit(layer);
    this.#what = what;
    if (layerPacking(layer.mediaType) !== packing) this.#collector.oddity("packing-mismatch", layer.mediaType);
  }

  take(piece: Uint8Array): Fault | undefined {
    this.#bytes += piece.length;
    if (this.#bytes > this.#limit) {
      return fault("bomb", `${this.#what} grows beyond ${this.#limit} bytes from ${this.#layer.size}`);
    }
    this.#hash.update(piece);
    return this.#walk.push(piece);
  }

  finish(compressedBytes: number): LayerContent {
    const found = this.#walk.end();
    if (found !== undefined) return uninspectable(found);
    const frame = {
      diffId: this.#hash.digest(),
      packing: this.#packing,
      compressedBytes,
      uncompressedBytes: this.#bytes,
      entryCount: this.#walk.entries,
    };
    const facts = this.#collector.finish(frame);
    return "reason" in facts ? uninspectable(facts) : { kind: "walked", facts };
  }
}
