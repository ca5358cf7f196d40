import { chainIdsOf } from "../crypto/chain-id.ts";
import type { Digest } from "../domain/digest.ts";
import type { LayerEvidence } from "../domain/evidence.ts";
import type { Gap } from "../domain/gap.ts";
import type { ImageConfig } from "../domain/image-config.ts";
import type { Instant } from "../domain/instant.ts";

/** What the layers of an image make together, by what was read of them and by nobody's word. */
export type LayerChain =
  /** The chain id after each layer, the lowest first; none for an image without layers. */
  | { readonly kind: "known"; readonly chainIds: readonly Digest[] }
  | { readonly kind: "gap"; readonly at: Instant; readonly gap: Gap }
  | { readonly kind: "unread" }
  /** And no further look could tell: layers that cannot be read, or are not those that the configuration names. */
  | { readonly kind: "none" };

/** What Docker and BuildKit write for an instruction that changes no file: a tar of nothing but its end. */
const EMPTY_TAR: string = "sha256:5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef";

/** The chain of an image's layers, if each was read to its end and is what the configuration says. */
export function layerChainOf({ platform, diffIds }: ImageConfig, layers: readonly LayerEvidence[]): LayerChain {
  if (platform.os !== "linux" || diffIds.length !== layers.length) return { kind: "none" };
  if (layers.some((layer, at) => isOther(layer, diffIds[at]))) return { kind: "none" };
  for (const { content } of layers) if (content.kind === "gap") return content;
  if (layers.some(({ content }) => content.kind !== "observed")) return { kind: "unread" };
  return { kind: "known", chainIds: chainIdsOf(diffIds) };
}

function isOther({ content }: LayerEvidence, diffId: Digest | undefined): boolean {
  if (content.kind !== "observed") return false;
  return content.value.kind !== "walked" || content.value.facts.diffId !== diffId;
}

/** Layers without a file are in images that have nothing else in common. */
export function isNothing({ diffIds }: ImageConfig): boolean {
  return diffIds.every((diffId) => diffId === EMPTY_TAR);
}
