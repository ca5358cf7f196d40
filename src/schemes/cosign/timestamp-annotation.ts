import { decodeBase64 } from "../../crypto/base64.ts";
import { readMembers } from "../../crypto/members.ts";
import { parseStrictJson } from "../../crypto/strict-json.ts";
import { requiredString, type JsonPlace } from "../../domain/json.ts";

const PLACE: JsonPlace = { code: "signature", path: "timestamp annotation" };
/** A token of 64 KiB in base64. */
const MAX_ANNOTATION = 96 * 1024;
const MEMBER = "SignedRFC3161Timestamp";

/** The annotation `dev.sigstore.cosign/rfc3161timestamp`: the DER of a TimeStampResp. Throws `InputError`. */
export function parseTimestampAnnotation(annotation: string): Uint8Array {
  const bytes = Buffer.from(annotation, "utf8");
  const json = parseStrictJson(bytes, { code: "signature", name: PLACE.path, maxBytes: MAX_ANNOTATION });
  const text = requiredString(readMembers(json, [MEMBER], PLACE), MEMBER, PLACE);
  return decodeBase64(text, `${PLACE.path}.${MEMBER}`);
}
