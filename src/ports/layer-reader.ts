import type { Descriptor } from "../domain/descriptor.ts";
import type { LayerContent } from "../domain/layer-facts.ts";

/**
 * Reads one layer blob to its end, once: hash, inflate, walk the tar, hash again. Nothing is written to disk.
 * `blob` is a checked stream; if it throws, so does this.
 */
export interface LayerReader {
  read(layer: Descriptor, blob: AsyncIterable<Uint8Array>, signal: AbortSignal): Promise<LayerContent>;
}
