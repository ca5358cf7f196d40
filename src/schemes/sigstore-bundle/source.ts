import type { SchemeId, SourceKey } from "../../domain/evidence.ts";

export const SIGSTORE_BUNDLE = "sigstore-bundle" as SchemeId;
/** Bundles as referrers of a digest, by the referrers API or its fallback tag. */
export const BUNDLE_REFERRERS = "sigstore-bundle:referrers" as SourceKey;
