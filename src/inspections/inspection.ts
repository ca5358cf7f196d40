import type { Digest } from "../domain/digest.ts";
import type { Gap, Known } from "../domain/gap.ts";
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

export type InspectedImage = {
  readonly config: ImageConfig;
  readonly content: ImageContent;
  /** The tag it was asked for by, if any. */
  readonly tag: Tag | undefined;
};

/** One question about content: a pure function. Raising `version` answers it again for stored layers. */
export type Inspection<Fact> = { readonly version: number; readonly inspect: (image: InspectedImage) => Known<Fact> };
