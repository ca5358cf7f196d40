import type { Descriptor } from "../domain/descriptor.ts";

import type { LayerContent } from "../domain/layer-facts.ts";
import { formatRepository, type Repository } from "../domain/reference.ts";
import { refuseLayerType } from "../inspections/layer-type.ts";
import type { ImageSource } from "../ports/image-source.ts";
import type { LayerReader } from "../ports/layer-reader.ts";
import type { LayerRecords } from "../records/layers.ts";
import { notThere } from "./observe.ts";
import { onceForAll, orNothing, type Patience } from "./once-for-all.ts";
import { SingleFlight } from "./single-flight.ts";

/** A larger compressed layer is not fetched; nothing honest comes near it (reference: inspection, limits). */
const MAX_LAYER_BYTES = 4 * 1024 ** 3;

export type LayerParts = {
  readonly images: ImageSource;
  readonly reader: LayerReader;
  readonly records: LayerRecords;
  /** How long another process's walk of the same layer is waited for. */
  readonly patience?: Patience;
};

/** Gives the content of layers, walking each distinct blob once, whichever of the processes that share records is asked. */
export class Layers {
  readonly #flights = new SingleFlight<LayerContent>();
  readonly #parts: LayerParts;

  constructor(parts: LayerParts) {
    this.#parts = parts;
  }

  /** Throws `PortError` when the blob cannot be had; what is wrong with the bytes themselves is an answer. */
  async content(repository: Repository, layer: Descriptor, signal: AbortSignal): Promise<LayerContent> {
    const refused = refuseUnread(layer);
    if (refused !== undefined) return refused;
    // One repository's refusal is no other's, nor is a descriptor that lies about the size.
    const key = `${formatRepository(repository)}@${layer.digest} ${layer.size}`;
    return this.#flights.run(key, signal, (shared) => this.#readOnce(repository, layer, shared));
  }

  async #readOnce(repository: Repository, layer: Descriptor, signal: AbortSignal): Promise<LayerContent> {
    const { records, patience } = this.#parts;
    // Records save work here and nothing else: where they cannot be had, the layer is walked.
    const find = (): Promise<LayerContent | undefined> => orNothing(() => records.get(layer.digest));
    const remembered = await find();
    if (remembered !== undefined) return remembered;
    const key = records.leaseKey(layer.digest);
    const work = (): Promise<LayerContent> => this.#walk(repository, layer, signal);
    return onceForAll(records.leases, { key, place: repository.registry, find, work }, signal, patience);
  }

  async #walk(repository: Repository, layer: Descriptor, signal: AbortSignal): Promise<LayerContent> {
    const { images, reader, records } = this.#parts;
    const what = `${formatRepository(repository)} layer ${layer.digest}`;
    const blob = await images.stream(repository, layer, signal);
    if (blob === undefined) throw notThere(what);
    const content = await reader.read(layer, blob, signal);
    await orNothing(() => records.put(layer.digest, content));
    return content;
  }
}

/** Layers that are judged by their descriptor alone: nothing in them could be vouched for. */
export function refuseUnread(layer: Descriptor): LayerContent | undefined {
  const fault = refuseLayerType(layer);
  if (fault !== undefined) return { kind: "uninspectable", reason: fault.reason, detail: fault.detail };
  if (layer.size <= MAX_LAYER_BYTES) return undefined;
  const detail = `the layer has ${layer.size} bytes, more than the ${MAX_LAYER_BYTES} that are read`;
  return { kind: "uninspectable", reason: "limit", detail };
}
