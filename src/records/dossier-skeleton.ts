import type { Descriptor } from "../domain/descriptor.ts";
import type { Digest } from "../domain/digest.ts";
import type { Dossier, LayerEvidence, LeafEvidence, SignatureEvidence, SignatureSource } from "../domain/evidence.ts";
import type { Observation } from "../domain/gap.ts";
import type { LayerContent } from "../domain/layer-facts.ts";
import type { Manifest } from "../domain/manifest.ts";
import type { Document, Leaf, Subject } from "../domain/subject.ts";

/** A dossier with each document replaced by its descriptor, and each layer's content left to its digest. */
export type DossierSkeleton = {
  readonly subject: SubjectSkeleton;
  readonly signatures: readonly SourceSkeleton[];
  readonly leaves: readonly LeafEvidenceSkeleton[];
};

export type SubjectSkeleton = Omit<Subject, "root" | "leaves"> & {
  readonly root: Descriptor;
  readonly leaves: readonly LeafSkeleton[];
};
export type LeafSkeleton = Omit<Leaf, "manifest"> & {
  readonly manifest: Observation<{ readonly document: Descriptor; readonly manifest: Manifest }>;
};
export type SignatureSkeleton = Omit<SignatureEvidence, "documents"> & { readonly documents: readonly Descriptor[] };
export type SourceSkeleton = Omit<SignatureSource, "content"> & {
  readonly content: Observation<readonly SignatureSkeleton[]>;
};
export type LayerSkeleton = Omit<LayerEvidence, "content"> & { readonly content: Observation<Elsewhere> };
export type LeafEvidenceSkeleton = Omit<LeafEvidence, "config" | "layers"> & {
  readonly config: Observation<Descriptor>;
  readonly layers: readonly LayerSkeleton[];
};

/** Kept under the digest of the layer it stands for. */
export type Elsewhere = { readonly elsewhere: true };
const ELSEWHERE: Elsewhere = { elsewhere: true };

/** Turns each observed thing of a dossier into another. */
type Step<D, L, D2, L2> = {
  readonly document: (document: D) => D2;
  readonly layer: (layer: L, descriptor: Descriptor) => L2;
};

export function skeletonOf(dossier: Dossier): { skeleton: DossierSkeleton; documents: readonly Document[] } {
  const documents: Document[] = [];
  const document = (given: Document): Descriptor => {
    documents.push(given);
    return given.descriptor;
  };
  const step: Step<Document, LayerContent, Descriptor, Elsewhere> = { document, layer: () => ELSEWHERE };
  return { skeleton: walk(dossier, step), documents };
}

/** What must be had to make the dossier whole again. */
export function partsOf(skeleton: DossierSkeleton): {
  readonly documents: readonly Descriptor[];
  readonly layers: readonly Descriptor[];
} {
  const documents: Descriptor[] = [];
  const layers: Descriptor[] = [];
  walk(skeleton, {
    document: (descriptor: Descriptor) => void documents.push(descriptor),
    layer: (_: Elsewhere, descriptor) => void layers.push(descriptor),
  });
  return { documents, layers };
}

/** `documents` and `layers` must have all of `partsOf`. */
export function fleshOut(
  skeleton: DossierSkeleton,
  documents: ReadonlyMap<Digest, Uint8Array>,
  layers: ReadonlyMap<Digest, LayerContent>,
): Dossier {
  return walk(skeleton, {
    document: (descriptor: Descriptor): Document => ({ descriptor, bytes: found(documents, descriptor) }),
    layer: (_: Elsewhere, descriptor) => found(layers, descriptor),
  });
}

function found<T>(parts: ReadonlyMap<Digest, T>, { digest }: Descriptor): T {
  const part = parts.get(digest);
  if (part === undefined) throw new TypeError(`${digest} was not loaded`);
  return part;
}

function observed<T, U>(observation: Observation<T>, step: (value: T) => U): Observation<U> {
  return observation.kind === "observed" ? { ...observation, value: step(observation.value) } : observation;
}

/** A dossier in one of its two forms: with documents and contents, or with what stands for them. */
type Shape<D, L> = {
  readonly subject: Omit<Subject, "root" | "leaves"> & {
    readonly root: D;
    readonly leaves: readonly (Omit<Leaf, "manifest"> & {
      readonly manifest: Observation<{ readonly document: D; readonly manifest: Manifest }>;
    })[];
  };
  readonly signatures: readonly (Omit<SignatureSource, "content"> & {
    readonly content: Observation<
      readonly (Omit<SignatureEvidence, "documents"> & { readonly documents: readonly D[] })[]
    >;
  })[];
  readonly leaves: readonly (Omit<LeafEvidence, "config" | "layers"> & {
    readonly config: Observation<D>;
    readonly layers: readonly (Omit<LayerEvidence, "content"> & { readonly content: Observation<L> })[];
  })[];
};

function walk<D, L, D2, L2>(dossier: Shape<D, L>, step: Step<D, L, D2, L2>): Shape<D2, L2> {
  const { subject, signatures, leaves } = dossier;
  return {
    subject: {
      ...subject,
      root: step.document(subject.root),
      leaves: subject.leaves.map((leaf) => ({
        ...leaf,
        manifest: observed(leaf.manifest, (held) => ({ ...held, document: step.document(held.document) })),
      })),
    },
    signatures: signatures.map((source) => ({
      ...source,
      content: observed(source.content, (evidence) =>
        evidence.map((one) => ({ ...one, documents: one.documents.map((document) => step.document(document)) })),
      ),
    })),
    leaves: leaves.map((leaf) => ({
      ...leaf,
      config: observed(leaf.config, (config) => step.document(config)),
      layers: leaf.layers.map((layer) => ({
        ...layer,
        content: observed(layer.content, (content) => step.layer(content, layer.descriptor)),
      })),
    })),
  };
}
