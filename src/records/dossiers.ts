import { Slices } from "../crypto/slices.ts";
import type { Descriptor } from "../domain/descriptor.ts";
import type { Digest } from "../domain/digest.ts";
import type { Dossier } from "../domain/evidence.ts";
import type { LayerContent } from "../domain/layer-facts.ts";
import type { Repository } from "../domain/reference.ts";
import type { Document } from "../domain/subject.ts";
import type { DocumentRecords } from "./documents.ts";
import { dossierSkeleton } from "./dossier-codec.ts";
import { fleshOut, partsOf, skeletonOf, type DossierSkeleton } from "./dossier-skeleton.ts";
import type { LayerRecords } from "./layers.ts";
import { placeOf } from "./place.ts";
import { SealedSpace, type RecordContext, type RecordKind } from "./sealed-space.ts";

/** Something a kept dossier names and the store no longer has (or never kept): to be fetched again by its digest. */
export type MissingPart = { readonly kind: "document" | "layer"; readonly descriptor: Descriptor };

export type LoadedDossier =
  | { readonly kind: "whole"; readonly dossier: Dossier }
  | { readonly kind: "incomplete"; readonly missing: readonly MissingPart[] }
  | { readonly kind: "unknown" };

/** What was fetched for `missing`; its digests have been checked by whoever fetched. */
export type PartsAtHand = {
  readonly documents?: readonly Document[];
  readonly layers?: ReadonlyMap<Digest, LayerContent>;
};

/** Enough for one round trip to a store, few enough to let others run between. */
const PUT_AT_ONCE = 32;

const KIND: RecordKind<DossierSkeleton> = {
  space: "dossier",
  version: 1,
  codec: dossierSkeleton,
  length: ({ signatures, leaves }) => signatures.reduce((sum, source) => sum + found(source), leaves.length),
};

function found({ content }: DossierSkeleton["signatures"][number]): number {
  return content.kind === "observed" ? content.value.length : 0;
}

/**
 * What was collected about an image in a repository, so that it can be examined again without the registry. Documents are
 * kept once each under their digest. Layers are kept by whoever walked them (`LayerRecords.put`).
 */
export class DossierRecords {
  readonly #space: SealedSpace<DossierSkeleton>;
  readonly #documents: DocumentRecords;
  readonly #layers: LayerRecords;

  constructor(context: RecordContext, documents: DocumentRecords, layers: LayerRecords) {
    this.#space = new SealedSpace(context, KIND);
    this.#documents = documents;
    this.#layers = layers;
  }

  /** The skeleton last, so that it never names what was not at least offered to the store. */
  async save(dossier: Dossier): Promise<void> {
    const { skeleton, documents } = skeletonOf(dossier);
    const distinct = new Map(documents.map((document) => [document.descriptor.digest, document]));
    const slices = new Slices();
    const all = [...distinct.values()];
    for (let at = 0; at < all.length; at += PUT_AT_ONCE) {
      await Promise.all(all.slice(at, at + PUT_AT_ONCE).map((document) => this.#documents.put(document)));
      await slices.pause();
    }
    await this.#space.put(placeOf(dossier.subject.repository, dossier.subject.root.descriptor.digest), skeleton);
  }

  /** The whole dossier, or what must be fetched for it and then given as `atHand`; never one with a hole. */
  async load(repository: Repository, digest: Digest, atHand: PartsAtHand = {}): Promise<LoadedDossier> {
    const skeleton = await this.#space.get(placeOf(repository, digest));
    if (skeleton === undefined) return { kind: "unknown" };
    const parts = partsOf(skeleton);
    const documents = await this.#loadDocuments(parts.documents, atHand.documents ?? []);
    const layers = await this.#loadLayers(parts.layers, atHand.layers ?? new Map());
    const missing = [...lacking("document", parts.documents, documents), ...lacking("layer", parts.layers, layers)];
    if (missing.length > 0) return { kind: "incomplete", missing };
    return { kind: "whole", dossier: fleshOut(skeleton, documents, layers) };
  }

  async #loadDocuments(
    wanted: readonly Descriptor[],
    atHand: readonly Document[],
  ): Promise<ReadonlyMap<Digest, Uint8Array>> {
    const held = new Map(atHand.map(({ descriptor, bytes }) => [descriptor.digest, bytes]));
    const digests = [...new Set(wanted.map(({ digest }) => digest))].filter((digest) => !held.has(digest));
    const kept = await this.#documents.getMany(digests);
    for (const [index, digest] of digests.entries()) {
      const bytes = kept[index];
      if (bytes !== undefined) held.set(digest, bytes);
    }
    return held;
  }

  async #loadLayers(
    wanted: readonly Descriptor[],
    atHand: ReadonlyMap<Digest, LayerContent>,
  ): Promise<ReadonlyMap<Digest, LayerContent>> {
    const held = new Map(atHand);
    const digests = [...new Set(wanted.map(({ digest }) => digest))].filter((digest) => !held.has(digest));
    const kept = await this.#layers.getMany(digests);
    for (const [index, digest] of digests.entries()) {
      const content = kept[index];
      if (content !== undefined) held.set(digest, content);
    }
    return held;
  }
}

/** Each digest once. */
function lacking(
  kind: MissingPart["kind"],
  wanted: readonly Descriptor[],
  held: ReadonlyMap<Digest, unknown>,
): readonly MissingPart[] {
  const absent = wanted.filter(({ digest }) => !held.has(digest));
  return [...new Map(absent.map((descriptor) => [descriptor.digest, { kind, descriptor }])).values()];
}
