import { algorithmOf, hexOf, type Digest } from "../domain/digest.ts";
import type { Tag } from "../domain/reference.ts";

/** Longer tags exist in no registry (distribution-spec, "Pulling manifests"). */
const MAX_TAG = 128;

/**
 * Where cosign keeps the signatures (`sha256-<hex>.sig`) or attestations (`….att`) of a digest. A sha512 digest makes no tag
 * that could exist.
 */
export function cosignTag(digest: Digest, kind: "sig" | "att"): Tag | undefined {
  const tag = `${algorithmOf(digest)}-${hexOf(digest)}.${kind}`;
  return tag.length > MAX_TAG ? undefined : (tag as Tag);
}
