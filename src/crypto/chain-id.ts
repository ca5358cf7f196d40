import type { Digest } from "../domain/digest.ts";
import { digestOf } from "./digest-of.ts";

/**
 * What a file system is called after each of its layers, the lowest first (OCI image-spec, config.md "Layer ChainID"): the
 * n-th names the lowest n layers together, so images that share it share these.
 */
export function chainIdsOf(diffIds: readonly Digest[]): readonly Digest[] {
  const chain: Digest[] = [];
  for (const diffId of diffIds) {
    const below = chain.at(-1);
    chain.push(below === undefined ? diffId : digestOf(`${below} ${diffId}`));
  }
  return chain;
}
