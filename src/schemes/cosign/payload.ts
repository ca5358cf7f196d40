import { parseStrictJson } from "../../crypto/strict-json.ts";
import { InputError } from "../../domain/errors.ts";
import { inside, isJsonObject, readStruct, requiredString, type JsonPlace, type JsonValue } from "../../domain/json.ts";
import { quoted } from "../../domain/quoted.ts";

/** What a simple-signing payload claims: this digest, under this name, with these annotations. */
export type SignedClaim = {
  readonly digest: string;
  readonly name: string;
  readonly annotations: ReadonlyMap<string, JsonValue>;
};

/**
 * cosign writes the first. It accepts any type as long as the digest is right; of the others only that of containers/image's
 * GPG payloads, which has the same members and meaning, is accepted here.
 */
const TYPES = ["cosign container image signature", "atomic container signature"];

const PLACE: JsonPlace = { code: "signature", path: "payload" };
/** Far above any set of annotations. */
const MAX_PAYLOAD = 4 * 1024 * 1024;

/**
 * Reads a payload that is already known to be signed (containers-signature(5), "JSON data format"). A member that differs
 * from a known one only in case, and a duplicate, are refused: another reader could take them for the claim.
 * Throws `InputError`.
 */
export function parsePayload(bytes: Uint8Array): SignedClaim {
  const json = parseStrictJson(bytes, { code: "signature", name: "payload", maxBytes: MAX_PAYLOAD });
  const payload = readStruct(json, ["critical", "optional"], PLACE);
  const at = inside(PLACE, "critical");
  const critical = readStruct(payload.get("critical"), ["type", "image", "identity"], at);
  const type = requiredString(critical, "type", at);
  if (!TYPES.includes(type)) {
    throw new InputError("signature", `payload is a ${quoted(type, 80)}, not a cosign container image signature`);
  }
  const imageAt = inside(at, "image");
  const image = readStruct(critical.get("image"), ["docker-manifest-digest"], imageAt);
  const identityAt = inside(at, "identity");
  const identity = readStruct(critical.get("identity"), ["docker-reference"], identityAt);
  return {
    digest: requiredString(image, "docker-manifest-digest", imageAt),
    name: requiredString(identity, "docker-reference", identityAt),
    annotations: readOptional(payload.get("optional")),
  };
}

/** `null` where cosign had no annotations to sign. */
function readOptional(value: JsonValue | undefined): ReadonlyMap<string, JsonValue> {
  if (value === undefined || value === null) return new Map();
  if (isJsonObject(value)) return value;
  throw new InputError("signature", "payload.optional is not an object");
}
