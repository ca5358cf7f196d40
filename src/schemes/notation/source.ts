import type { SchemeId, SourceKey } from "../../domain/evidence.ts";

export const NOTATION = "notation" as SchemeId;
/** Signatures as referrers of a digest, by the referrers API or its fallback tag. */
export const NOTATION_REFERRERS = "notation:referrers" as SourceKey;
