import { createHash } from "node:crypto";

/** Where a leaf stands in an append-only log, and the hashes that lead from it to the root (RFC 6962 section 2.1.1). */
export type MerklePath = {
  readonly leafIndex: bigint;
  readonly treeSize: bigint;
  readonly hashes: readonly Uint8Array[];
};

/** RFC 6962 section 2.1: leaves and nodes are hashed under different first bytes, so neither passes for the other. */
export function leafHash(leaf: Uint8Array): Uint8Array {
  return createHash("sha256").update(Uint8Array.of(0)).update(leaf).digest();
}

export function nodeHash(left: Uint8Array, right: Uint8Array): Uint8Array {
  return createHash("sha256").update(Uint8Array.of(1)).update(left).update(right).digest();
}

/**
 * The root that the path leads to, after RFC 9162 section 2.1.3.2, or `undefined` if the path does not fit a tree of its
 * size. Only a comparison with a signed root proves anything.
 */
export function rootOfPath(leaf: Uint8Array, path: MerklePath): Uint8Array | undefined {
  if (path.leafIndex < 0n || path.leafIndex >= path.treeSize) return undefined;
  let position = path.leafIndex;
  let last = path.treeSize - 1n;
  let hash = leafHash(leaf);
  for (const sibling of path.hashes) {
    if (last === 0n || sibling.length !== 32) return undefined;
    if (position % 2n === 1n || position === last) {
      hash = nodeHash(sibling, hash);
      while (position % 2n === 0n && position !== 0n) {
        position /= 2n;
        last /= 2n;
      }
    } else {
      hash = nodeHash(hash, sibling);
    }
    position /= 2n;
    last /= 2n;
  }
  return last === 0n ? hash : undefined;
}
