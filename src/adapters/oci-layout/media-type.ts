import { parseStrictJson } from "../../crypto/strict-json.ts";
import { InputError, PortError } from "../../domain/errors.ts";
import { isJsonObject } from "../../domain/json.ts";
import { OCI_INDEX, OCI_MANIFEST } from "../../domain/media-types.ts";

/**
 * What a document nobody served is: as it says itself, else by the members that only one of the two kinds has. One with the
 * members of both is refused when it is parsed. Throws `PortError` for what is no JSON object.
 */
export function ownMediaType(bytes: Uint8Array, what: string): string {
  try {
    const value = parseStrictJson(bytes, { code: "manifest", name: what, maxBytes: bytes.byteLength });
    if (!isJsonObject(value)) throw new InputError("manifest", "it is not a JSON object");
    const own = value.get("mediaType");
    if (typeof own === "string") return own;
    return value.has("manifests") ? OCI_INDEX : OCI_MANIFEST;
  } catch (error) {
    if (error instanceof InputError) throw new PortError("malformed", what, error.message, { cause: error });
    throw error;
  }
}
