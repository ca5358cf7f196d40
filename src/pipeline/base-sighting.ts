import type { Dossier, LeafEvidence } from "../domain/evidence.ts";
import type { Subject } from "../domain/subject.ts";
import type { Tag } from "../domain/reference.ts";
import type { BaseSighting } from "../records/base-catalogue.ts";
import type { CataloguedImage } from "../records/catalogued-image.ts";
import { readableConfig } from "./collect-leaf.ts";
import { isNothing, layerChainOf } from "./layer-chain.ts";

/**
 * The images of a subject that others may be built on: those whose layers were all read. `tag` is what the registry says led
 * to its root when it was resolved, if anything did.
 */
export function baseSightingOf({ subject, leaves }: Dossier, tag: Tag | undefined): BaseSighting {
  const { repository, root, resolvedAt } = subject;
  const found = leaves.map((leaf) => cataloguedOf(leaf, subject));
  const images = found.filter((image) => typeof image === "object");
  return {
    repository,
    tag,
    root: root.descriptor.digest,
    at: resolvedAt,
    images: [...new Map(images.map((image) => [`${image.chainId} ${image.digest}`, image])).values()],
    isWhole: !found.includes("unread"),
  };
}

/** What to catalogue of one leaf; `nothing` if no later look would find more. */
function cataloguedOf(leaf: LeafEvidence, { root, shape }: Subject): CataloguedImage | "nothing" | "unread" {
  if (leaf.config.kind !== "observed") return "unread";
  const config = readableConfig(leaf.config.value);
  if (config === undefined || isNothing(config)) return "nothing";
  const chain = layerChainOf(config, leaf.layers);
  if (chain.kind === "none") return "nothing";
  const chainId = chain.kind === "known" ? chain.chainIds.at(-1) : undefined;
  if (chainId === undefined) return "unread";
  const index = shape === "index" ? root.descriptor.digest : undefined;
  return { chainId, platform: config.platform, digest: leaf.manifest, index };
}
