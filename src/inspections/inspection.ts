import type { BaseCandidate } from "../domain/base-image.ts";
import type { Digest } from "../domain/digest.ts";
import type { Gap, Known, Observation } from "../domain/gap.ts";
import type { ImageConfig } from "../domain/image-config.ts";
import type { LayerFacts } from "../domain/layer-facts.ts";
import type { Tag } from "../domain/reference.ts";

import type { MergedTree } from "./overlay.ts";

/** The content of an image as far as it is known. Only `merged` may be searched; the others are never an absence. */
export type ImageContent =
  | MergedImage
  | { readonly kind: "uninspectable"; readonly reason: string; readonly detail: string }
  | { readonly kind: "gap"; readonly gap: Gap }
  | { readonly kind: "not-collected" };

export type MergedImage = {
  readonly kind: "merged";
  readonly tree: MergedTree;
  /** Lowest first; a node's `layer` is a position in it. */
  readonly layers: readonly { readonly digest: Digest; readonly facts: LayerFacts }[];
};

/** What is known of an image besides its configuration and layers. */
export type ImageOrigin = {
  /** What the catalogue knew of images that end within its layers. */
  readonly bases: Observation<readonly BaseCandidate[]>;
  /** Of its manifest: the builder's word. */
  readonly annotations: Readonly<Record<string, string>>;
  /** The tag it was asked for by, if any. */
  readonly tag: Tag | undefined;
};

export type InspectedImage = ImageOrigin & { readonly config: ImageConfig; readonly content: ImageContent };

/** One question about content: a pure function. Raising `version` answers it again for stored layers. */
export type Inspection<Fact> = { readonly version: number; readonly inspect: (image: InspectedImage) => Known<Fact> };
