import type { Digest } from "../domain/digest.ts";
import type { LayerContent } from "../domain/layer-facts.ts";
import { layerContent } from "./layer-codec.ts";
import { Leases } from "./leases.ts";
import { SealedSpace, type RecordContext, type RecordKind } from "./sealed-space.ts";

const KIND: RecordKind<LayerContent> = {
  space: "layer",
  version: 1,
  codec: layerContent,
  length: (content) => (content.kind === "walked" ? content.facts.entries.length : 0),
};

/** A layer with more to tell than this is walked again when it is needed. */
const MAX_LAYER_BYTES = 16 * 1024 * 1024;

/** What was found in layer blobs, by digest and by the version of the extractor that looked. Uninspectable is an answer too. */
export class LayerRecords {
  readonly #space: SealedSpace<LayerContent>;
  readonly #extractor: number;
  /** Who of all that share the records walks which layer. */
  readonly leases: Leases;

  constructor(context: RecordContext, extractor: number) {
    this.#space = new SealedSpace(context, KIND);
    this.#extractor = extractor;
    this.leases = new Leases(context);
  }

  /** What a lease on walking this blob is called. */
  leaseKey(blob: Digest): string {
    return `layer ${this.#keyOf(blob)}`;
  }

  async get(blob: Digest): Promise<LayerContent | undefined> {
    return this.#space.get(this.#keyOf(blob));
  }

  async getMany(blobs: readonly Digest[]): Promise<readonly (LayerContent | undefined)[]> {
    return this.#space.getMany(blobs.map((blob) => this.#keyOf(blob)));
  }

  /** Whether it was kept. */
  async put(blob: Digest, content: LayerContent): Promise<boolean> {
    return this.#space.putUpTo(MAX_LAYER_BYTES, this.#keyOf(blob), content);
  }

  #keyOf(blob: Digest): string {
    return `${blob}/${this.#extractor}`;
  }
}
