import { constants, createZstdDecompress, zstdDecompressSync } from "node:zlib";

import { fault, type Fault } from "../../inspections/fault.ts";

import type { BlobTap } from "./blob-tap.ts";
import { decode, DECODER_OPTIONS, type Inflated } from "./decoder.ts";
import { ZstdFrames, type ZstdFrame } from "./zstd-frames.ts";

/** Go's decoder and the tools that write layers stay within 128 MiB of window. */
const PARAMS = { [constants.ZSTD_d_windowLogMax]: 27 };
/** A frame that says it holds no more is decoded in one go: layers made for lazy pulling have one per file. */
const MAX_SYNC_BYTES = 4 * 1024 * 1024;

/**
 * All frames of a zstd file. Node's decoder stops in silence after the first (reference: inspection, finding 2), so frames
 * are told apart here and each has a decoder of its own.
 */
export async function* inflateZstd(tap: BlobTap): Inflated {
  const frames = new ZstdFrames(tap);
  for (let frame = await frames.next(); frame !== undefined; frame = await frames.next()) {
    if (frame.kind === "fault") {
      yield frame;
      return;
    }
    yield* decodeFrame(frame, frames);
    if (frames.fault !== undefined) {
      yield frames.fault;
      return;
    }
  }
}

async function* decodeFrame(frame: ZstdFrame, frames: ZstdFrames): Inflated {
  const bytes = frame.bytes();
  const first = await bytes.next();
  if (first.done === true) return;
  // The first piece of a small frame is all of it.
  if (frames.isFrameOver && (frame.contentBytes ?? Infinity) <= MAX_SYNC_BYTES) yield decodeWhole(first.value);
  else yield* decode(createZstdDecompress({ ...DECODER_OPTIONS, params: PARAMS }), again(first.value, bytes));
}

async function* again(first: Uint8Array, rest: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  yield first;
  yield* rest;
}

function decodeWhole(frame: Uint8Array): Uint8Array | Fault {
  try {
    return zstdDecompressSync(frame, { params: PARAMS, maxOutputLength: MAX_SYNC_BYTES });
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "unknown";
    return fault("corrupt-compression", `a zstd frame cannot be decompressed (${code})`);
  }
}
