import type { SchemeId, SourceKey } from "../../domain/evidence.ts";

export const ATTESTATION = "attestation" as SchemeId;
/** Envelopes as layers of the manifest under the tag `<algorithm>-<hex>.att`. */
export const ATTESTATION_TAG = "attestation:tag" as SourceKey;
/** Bundles as referrers of a digest, by the referrers API or its fallback tag. */
export const ATTESTATION_REFERRERS = "attestation:referrers" as SourceKey;
/** Bare statements in the attestation manifests of an index. */
export const ATTESTATION_BUILDKIT = "attestation:buildkit" as SourceKey;
