import type { BaseCandidate } from "./base-image.ts";
import type { Brand } from "./brand.ts";
import type { Descriptor } from "./descriptor.ts";
import type { Digest } from "./digest.ts";
import type { Gap, Observation } from "./gap.ts";
import type { LayerContent } from "./layer-facts.ts";
import type { Platform } from "./platform.ts";
import type { Document, Subject } from "./subject.ts";

/** A signature scheme's name, such as `cosign`: the folder under `src/schemes/`. */
export type SchemeId = Brand<string, "SchemeId">;

/** A place where a scheme keeps its signatures, such as `cosign:tag` or `sigstore-bundle:referrers`. */
export type SourceKey = Brand<`${string}:${string}`, "SourceKey">;

/** One signature artefact as fetched. Unverified: it says nothing until an authority has judged it. */
export type SignatureEvidence = {
  /** Content address of all below; facts cite it. */
  readonly id: Digest;
  readonly scheme: SchemeId;
  readonly source: SourceKey;
  /** The manifest or index the artefact was found for, which is not yet what it signs. */
  readonly about: Digest;
  /** What people are told to look at: the signature's manifest. */
  readonly artifact: Descriptor;
  /** Which of several signatures in one artefact this is (a layer's position); 0 otherwise. */
  readonly part: number;
  /** Whether it was reached through the referrers API or the tag of a registry without one. */
  readonly via: string;
  readonly documents: readonly Document[];
  /** A document the artefact names and its registry does not have; the signature cannot be checked. */
  readonly missing: Digest | undefined;
  /** What besides could not be had, such as an answer about revocation; looked for again soon. */
  readonly gaps: readonly Gap[];
};

export type SignatureSource = {
  readonly about: Digest;
  readonly source: SourceKey;
  readonly content: Observation<readonly SignatureEvidence[]>;
};

export type LeafEvidence = {
  readonly manifest: Digest;
  readonly declared: Platform | undefined;
  readonly config: Observation<Document>;
  readonly layers: readonly LayerEvidence[];
  /** What the catalogue knew of images that end within these layers. */
  readonly bases: Observation<readonly BaseCandidate[]>;
};

export type LayerEvidence = { readonly descriptor: Descriptor; readonly content: Observation<LayerContent> };

/** All bytes collected about one subject, with what was not seen and what was not asked. */
export type Dossier = {
  readonly subject: Subject;
  readonly signatures: readonly SignatureSource[];
  readonly leaves: readonly LeafEvidence[];
};
