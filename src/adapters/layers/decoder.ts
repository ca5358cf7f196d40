import type { Transform } from "node:stream";

import { fault, type Fault } from "../../inspections/fault.ts";

/** Decompressed bytes in order; a fault, if any, is the last thing yielded. */
export type Inflated = AsyncGenerator<Uint8Array | Fault, void, undefined>;

/** Twice as fast as the default of 16 KiB (reference: inspection, 5.1). */
const CHUNK_BYTES = 256 * 1024;

/** One chunk is made while the last is walked; with more ahead they leave the cache, which costs half as much again. */
export const DECODER_OPTIONS = { chunkSize: CHUNK_BYTES, readableHighWaterMark: CHUNK_BYTES };

/** Feeds `source` to a decoder and yields what comes out. The decoder's complaint becomes a fault; the source's is thrown. */
export async function* decode(decoder: Transform, source: AsyncIterable<Uint8Array>): Inflated {
  const broken: { readonly error: unknown }[] = [];
  void feed(decoder, source).catch((error: unknown) => {
    broken.push({ error });
    decoder.destroy(new Error("the source failed"));
  });
  try {
    for await (const chunk of decoder) yield chunk as Uint8Array;
  } catch (error) {
    const [source] = broken;
    if (source !== undefined) throw source.error;
    yield decoderFault(error);
  } finally {
    decoder.destroy();
  }
}

async function feed(decoder: Transform, source: AsyncIterable<Uint8Array>): Promise<void> {
  for await (const chunk of source) {
    if (isOver(decoder)) return;
    if (!decoder.write(chunk)) await roomIn(decoder);
  }
  if (!isOver(decoder)) decoder.end();
}

function isOver(decoder: Transform): boolean {
  return decoder.destroyed || decoder.readableEnded;
}

async function roomIn(decoder: Transform): Promise<void> {
  if (isOver(decoder)) return;
  const { promise, resolve } = Promise.withResolvers<void>();
  const events = ["drain", "end", "error", "close"];
  const done = (): void => {
    for (const event of events) decoder.off(event, done);
    resolve();
  };
  for (const event of events) decoder.on(event, done);
  await promise;
}

function decoderFault(error: unknown): Fault {
  const code = error instanceof Error && "code" in error ? String(error.code) : "unknown";
  return code === "Z_BUF_ERROR"
    ? fault("truncated", "the compressed data ends too early")
    : fault("corrupt-compression", `the data cannot be decompressed (${code})`);
}
