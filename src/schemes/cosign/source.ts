import type { SchemeId, SourceKey } from "../../domain/evidence.ts";

export const COSIGN = "cosign" as SchemeId;
/** Signatures as layers of the manifest under the tag `<algorithm>-<hex>.sig`. */
export const COSIGN_TAG = "cosign:tag" as SourceKey;
/** The same manifests as referrers of a digest, by the referrers API or its fallback tag. */
export const COSIGN_REFERRERS = "cosign:referrers" as SourceKey;
