import { readFileSync } from "node:fs";

import { parseStrictJson } from "../../crypto/strict-json.ts";
import { InputError } from "../../domain/errors.ts";
import { parseInstant } from "../../domain/instant.ts";
import { readStruct, requiredString, type JsonPlace } from "../../domain/json.ts";
import type { ReadTrustRoot } from "../../ports/trust-root-source.ts";

/** A trusted root of at most 1 MiB as a JSON string, in which each byte may be escaped. */
const MAX_KEPT = 8 * 1024 * 1024;

export function formatKeptRoot({ json, readAt, expires }: ReadTrustRoot): string {
  return JSON.stringify({ readAt, expires, json });
}

/** What an earlier reading kept, if it is there and whole. The folder is trusted as the keys beside it are. */
export function readKeptRoot(path: string): ReadTrustRoot | undefined {
  try {
    return parseKeptRoot(readFileSync(path));
  } catch (error) {
    const isFile = error instanceof Error && "code" in error;
    if (isFile || error instanceof InputError) return undefined;
    throw error;
  }
}

/** Throws `InputError`. */
export function parseKeptRoot(bytes: Uint8Array): ReadTrustRoot {
  const place: JsonPlace = { code: "record", path: "kept trust root" };
  const value = parseStrictJson(bytes, { code: "record", name: place.path, maxBytes: MAX_KEPT });
  const kept = readStruct(value, ["readAt", "expires", "json"], place);
  return {
    json: requiredString(kept, "json", place),
    readAt: parseInstant(requiredString(kept, "readAt", place)),
    expires: parseInstant(requiredString(kept, "expires", place)),
  };
}
