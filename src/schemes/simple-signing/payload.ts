import { readMembers } from "../../crypto/members.ts";
import { parseStrictJson } from "../../crypto/strict-json.ts";
import { InputError } from "../../domain/errors.ts";
import {
  inside,
  optionalString,
  readStruct,
  requiredString,
  type JsonPlace,
  type JsonValue,
} from "../../domain/json.ts";
import { quoted } from "../../domain/quoted.ts";

/** What the signer of an image says: this digest, under this name. */
export type SimpleClaim = { readonly digest: string; readonly name: string };

const TYPE = "atomic container signature";
const PLACE: JsonPlace = { code: "signature", path: "payload" };
const MAX_PAYLOAD = 4 * 1024 * 1024;

/**
 * Reads a payload that is already known to be signed (containers-signature(5), "JSON data format"): every member but those
 * of `optional` must be there, once, and no other. Throws `InputError`.
 */
export function parseSimplePayload(bytes: Uint8Array): SimpleClaim {
  const json = parseStrictJson(bytes, { code: "signature", name: "payload", maxBytes: MAX_PAYLOAD });
  const payload = readMembers(json, ["critical", "optional"], PLACE);
  const at = inside(PLACE, "critical");
  const critical = readMembers(payload.get("critical"), ["type", "image", "identity"], at);
  checkOptional(payload.get("optional"));
  const type = requiredString(critical, "type", at);
  if (type !== TYPE) throw new InputError("signature", `payload is a ${quoted(type, 80)}, not an ${quoted(TYPE)}`);
  return {
    digest: onlyText(critical.get("image"), "docker-manifest-digest", inside(at, "image")),
    name: onlyText(critical.get("identity"), "docker-reference", inside(at, "identity")),
  };
}

function onlyText(value: JsonValue | undefined, member: string, place: JsonPlace): string {
  return requiredString(readMembers(value, [member], place), member, place);
}

/** Says nothing that is relied upon, but must be of its form; further members are allowed here alone. */
function checkOptional(value: JsonValue | undefined): void {
  const place = inside(PLACE, "optional");
  const optional = readStruct(value, ["creator", "timestamp"], place);
  optionalString(optional, "creator", place);
  const timestamp = optional.get("timestamp") ?? 0;
  if (!Number.isSafeInteger(timestamp)) {
    throw new InputError("signature", `${inside(place, "timestamp").path} is not a whole number of seconds`);
  }
}
