import type { BaseCandidate } from "../domain/base-image.ts";
import type { Digest } from "../domain/digest.ts";
import type { LeafEvidence } from "../domain/evidence.ts";
import { NOT_ASKED, type Observation } from "../domain/gap.ts";
import type { ImageConfig } from "../domain/image-config.ts";
import type { Platform } from "../domain/platform.ts";
import { formatRepository, type Repository } from "../domain/reference.ts";
import type { Clock } from "../ports/clock.ts";
import { basesStaleAt, type MaxAges } from "./freshness.ts";
import { layerChainOf } from "./layer-chain.ts";
import { observe } from "./observe.ts";

/** What is known of images that others may be built on. */
export type BaseFinder = {
  /** Those for this platform that end in one of these chains, the deepest first. Throws `PortError`. */
  readonly find: (platform: Platform, chainIds: readonly Digest[]) => Promise<readonly BaseCandidate[]>;
};

export type BaseLook = {
  readonly isAsked: boolean;
  readonly earlier: LeafEvidence | undefined;
  readonly parts: { readonly bases: BaseFinder; readonly clock: Clock; readonly ages: MaxAges };
  readonly signal: AbortSignal;
};

type ReadLeaf = Pick<LeafEvidence, "manifest" | "layers"> & {
  readonly repository: Repository;
  readonly config: ImageConfig;
};

/**
 * What the catalogue knows of images that end within these layers, once all of them are read; the image itself is not its
 * own base. Never an empty list unless it was really looked up.
 */
export async function collectBases(leaf: ReadLeaf, look: BaseLook): Promise<Observation<readonly BaseCandidate[]>> {
  const { isAsked, earlier, parts, signal } = look;
  const before = earlier?.bases.kind === "observed" ? earlier.bases : NOT_ASKED;
  if (!isAsked) return before;
  const chain = layerChainOf(leaf.config, leaf.layers);
  if (chain.kind === "gap") return chain;
  if (chain.kind !== "known") return NOT_ASKED;
  const staleAt = basesStaleAt(before, parts.ages);
  if (staleAt !== undefined && parts.clock.now() < staleAt) return before;
  const what = `base images of ${formatRepository(leaf.repository)} ${leaf.manifest}`;
  return observe(parts.clock, what, signal, async () => {
    const found = await parts.bases.find(leaf.config.platform, chain.chainIds);
    return found.filter((candidate) => !isItself(candidate, leaf));
  });
}

/** Under another name it is another image that happens to be the same. */
function isItself({ repository, digest }: BaseCandidate, leaf: ReadLeaf): boolean {
  return digest === leaf.manifest && formatRepository(repository) === formatRepository(leaf.repository);
}
