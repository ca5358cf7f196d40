import { InputError } from "../domain/errors.ts";
import { inside, isJsonObject, requiredString, type JsonObject, type JsonPlace } from "../domain/json.ts";
import { decodeBase64Url } from "./base64.ts";
import { readMembers } from "./members.ts";
import { parseStrictJson } from "./strict-json.ts";

/** A JWS of one signature in the flattened JSON form (RFC 7515 section 7.2.2). Nothing in it is believed. */
export type Jws = {
  /** The signed header as JSON; its members are read only once the signature holds. */
  readonly protectedHeader: JsonObject;
  readonly unprotectedHeader: JsonObject;
  readonly payload: Uint8Array;
  /** Exactly the bytes that were signed: the texts of the signed header and the payload with a dot between. */
  readonly message: Uint8Array;
  readonly signature: Uint8Array;
};

const PLACE: JsonPlace = { code: "signature", path: "envelope" };

/** Refuses further members, duplicate ones and any other spelling of base64url. Throws `InputError`. */
export function parseJws(bytes: Uint8Array, maxBytes: number): Jws {
  const json = parseStrictJson(bytes, { code: "signature", name: "JWS envelope", maxBytes });
  const envelope = readMembers(json, ["payload", "protected", "header", "signature"], PLACE);
  const text = (key: string): string => requiredString(envelope, key, PLACE);
  const read = (key: string): Uint8Array => decodeBase64Url(text(key), inside(PLACE, key).path);
  const header = envelope.get("header");
  if (!isJsonObject(header)) throw new InputError("signature", "envelope.header is not an object");
  const signed = parseStrictJson(read("protected"), { code: "signature", name: "protected header", maxBytes });
  if (!isJsonObject(signed)) throw new InputError("signature", "the protected header is not an object");
  return {
    protectedHeader: signed,
    unprotectedHeader: header,
    payload: read("payload"),
    message: Buffer.from(`${text("protected")}.${text("payload")}`, "latin1"),
    signature: read("signature"),
  };
}
