import type { SchemeId } from "../../domain/evidence.ts";

export const NOTARY_V1 = "notary-v1" as SchemeId;
