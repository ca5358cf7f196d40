import { InputError } from "../domain/errors.ts";
import {
  inside,
  optionalArray,
  optionalString,
  requiredString,
  type JsonPlace,
  type JsonValue,
} from "../domain/json.ts";
import { decodeBase64 } from "./base64.ts";
import { readMembers } from "./members.ts";

/** A signed document after the DSSE protocol (secure-systems-lab/dsse, envelope.md). */
export type Envelope = {
  readonly payloadType: string;
  readonly payload: Uint8Array;
  readonly signatures: readonly EnvelopeSignature[];
};

type EnvelopeSignature = {
  /** A hint that nobody signed. */
  readonly keyid: string;
  readonly sig: Uint8Array;
};

/** More signers than any release has; each costs a check per key. */
const MAX_SIGNATURES = 32;

/** Throws `InputError`. An envelope without a signature is refused: it vouches for nothing. */
export function parseEnvelope(value: JsonValue | undefined, place: JsonPlace): Envelope {
  const object = readMembers(value, ["payload", "payloadType", "signatures"], place);
  const signatures = optionalArray(object, "signatures", place) ?? [];
  if (signatures.length === 0) throw new InputError(place.code, `${place.path} has no signature`);
  if (signatures.length > MAX_SIGNATURES) {
    throw new InputError(place.code, `${place.path} has more than the ${MAX_SIGNATURES} signatures allowed`);
  }
  return {
    payloadType: requiredString(object, "payloadType", place),
    payload: decodeBase64(requiredString(object, "payload", place), `${place.path}.payload`),
    signatures: signatures.map((signature, at) => parseSignature(signature, inside(inside(place, "signatures"), at))),
  };
}

function parseSignature(value: JsonValue, place: JsonPlace): EnvelopeSignature {
  const object = readMembers(value, ["sig", "keyid"], place);
  return {
    keyid: optionalString(object, "keyid", place) ?? "",
    sig: decodeBase64(requiredString(object, "sig", place), `${place.path}.sig`),
  };
}

/**
 * The bytes that a DSSE signature covers: `"DSSEv1" SP LEN(type) SP type SP LEN(body) SP body`, lengths in bytes of UTF-8.
 * An encoding that drops high bits lets another type pass (CVE-2026-48758).
 */
export function preAuthEncoding(payloadType: string, payload: Uint8Array): Uint8Array {
  return Buffer.concat([preAuthHead(payloadType, payload.length), payload]);
}

/** What stands before the payload, of which only the length in bytes is needed. */
export function preAuthHead(payloadType: string, length: number): Uint8Array {
  const type = Buffer.from(payloadType, "utf8");
  return Buffer.concat([Buffer.from(`DSSEv1 ${type.length} `, "utf8"), type, Buffer.from(` ${length} `, "utf8")]);
}
