import { digestOf } from "../../crypto/digest-of.ts";
import { hexOf } from "../../domain/digest.ts";
import type { SchemeId, SourceKey } from "../../domain/evidence.ts";

export const SIMPLE_SIGNING = "simple-signing" as SchemeId;
/** The registry's own list of signatures (X-Registry-Supports-Signatures). */
export const EXTENSION = "simple-signing:extension" as SourceKey;

/** Two lookasides are two places; a URL is too long for a name. */
export function lookasideKey(url: string): SourceKey {
  return `simple-signing:lookaside#${hexOf(digestOf(url)).slice(0, 16)}` as SourceKey;
}
