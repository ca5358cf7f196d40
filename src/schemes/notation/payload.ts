import { parseStrictJson } from "../../crypto/strict-json.ts";
import { parseDescriptor, type Descriptor } from "../../domain/descriptor.ts";
import { inside, readStruct, type JsonPlace } from "../../domain/json.ts";
import { MAX_SIGNATURE_BYTES } from "../limits.ts";

/** The only content type of signed payloads (signature specification, "Payload"). */
export const PAYLOAD_TYPE = "application/vnd.cncf.notary.payload.v1+json";

const PLACE: JsonPlace = { code: "signature", path: "payload" };
const MEMBER = "targetArtifact";

/** What a payload, already known to be signed, was signed for; annotations are its metadata. Throws `InputError`. */
export function parsePayload(bytes: Uint8Array): Descriptor {
  const json = parseStrictJson(bytes, { code: "signature", name: "payload", maxBytes: MAX_SIGNATURE_BYTES });
  const payload = readStruct(json, [MEMBER], PLACE);
  return parseDescriptor(payload.get(MEMBER), inside(PLACE, MEMBER));
}
