import { algorithmOf, hexOf, type Digest } from "../../domain/digest.ts";
import type { Tag } from "../../domain/reference.ts";

/** Longer tags exist in no registry (distribution-spec, "Pulling manifests"). */
const MAX_TAG = 128;

/** Where cosign keeps the signatures of a digest: `sha256-<hex>.sig`. A sha512 digest makes no tag that could exist. */
export function signatureTag(digest: Digest): Tag | undefined {
  const tag = `${algorithmOf(digest)}-${hexOf(digest)}.sig`;
  return tag.length > MAX_TAG ? undefined : (tag as Tag);
}
