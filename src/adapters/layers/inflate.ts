import { createGunzip } from "node:zlib";

import type { LayerFacts } from "../../domain/layer-facts.ts";
import { fault } from "../../inspections/fault.ts";

import type { BlobTap } from "./blob-tap.ts";
import { decode, DECODER_OPTIONS, type Inflated } from "./decoder.ts";
import { inflateZstd } from "./zstd.ts";

export type Packing = LayerFacts["packing"];

const GZIP = [0x1f, 0x8b, 0x08];
const ZSTD = [0x28, 0xb5, 0x2f, 0xfd];
const ZSTD_SKIPPABLE = [0x2a, 0x4d, 0x18];

/** How many first bytes tell the packing (containerd peeks at ten). */
export const MAGIC_BYTES = 10;

/** By the bytes alone, as containerd decides whatever the media type says (pkg/archive/compression). */
export function packingOf(head: Uint8Array): Packing {
  const begins = (magic: readonly number[], at = 0): boolean => magic.every((byte, index) => head[at + index] === byte);
  if (begins(GZIP)) return "gzip";
  const isSkippable = ((head[0] ?? 0) & 0xf0) === 0x50 && begins(ZSTD_SKIPPABLE, 1);
  return begins(ZSTD) || isSkippable ? "zstd" : "tar";
}

export function inflate(tap: BlobTap, packing: Packing): Inflated {
  switch (packing) {
    case "tar":
      return passThrough(tap);
    case "gzip":
      return inflateGzip(tap);
    case "zstd":
      return inflateZstd(tap);
  }
}

/** Copied, since the walk holds on to what it was given, and a source may fill the same buffer again. */
async function* passThrough(tap: BlobTap): Inflated {
  for await (const chunk of tap) yield Uint8Array.from(chunk);
}

/**
 * All members of a gzip file. At a zero byte after a member Node ends in silence, where Go, and with it containerd, gives
 * up (reference: inspection, 5.5): every byte must have been used.
 */
async function* inflateGzip(tap: BlobTap): Inflated {
  const gunzip = createGunzip(DECODER_OPTIONS);
  yield* decode(gunzip, tap);
  await tap.drain();
  if (gunzip.bytesWritten !== tap.bytes) {
    yield fault("corrupt-compression", "something that is not gzip follows the last member");
  }
}
