import { decodeBase64 } from "../../crypto/base64.ts";
import { parseStrictJson } from "../../crypto/strict-json.ts";
import { InputError } from "../../domain/errors.ts";
import { parseInstant, type Instant } from "../../domain/instant.ts";
import {
  inside,
  isJsonObject,
  optionalArray,
  readStruct,
  requiredInteger,
  requiredString,
  type JsonObject,
  type JsonPlace,
  type JsonValue,
} from "../../domain/json.ts";
import { quoted } from "../../domain/quoted.ts";
import { canonicalMetadata } from "./canonical-metadata.ts";
import { MAX_METADATA_SIGNATURES, MAX_METADATA_VALUES } from "./limits.ts";

/** One metadata file, read and not yet believed. */
export type Metadata = {
  /** Of the role: `timestamp`, `targets/releases`. */
  readonly name: string;
  readonly signed: JsonObject;
  /** What its signatures cover. */
  readonly signedText: Uint8Array;
  readonly signatures: readonly MetadataSignature[];
  readonly version: number;
  readonly expires: Instant;
};

type MetadataSignature = { readonly keyId: string; readonly signature: Uint8Array };

export type MetadataType = "Root" | "Timestamp" | "Snapshot" | "Targets";

/** Members of `signed`; each type has the first four. */
const FIELDS: Readonly<Record<MetadataType, readonly string[]>> = {
  Root: ["_type", "version", "expires", "keys", "roles", "consistent_snapshot"],
  Timestamp: ["_type", "version", "expires", "meta"],
  Snapshot: ["_type", "version", "expires", "meta"],
  Targets: ["_type", "version", "expires", "targets", "delegations"],
};

export function placeOf(name: string): JsonPlace {
  return { code: "signature", path: `trust data of the role ${quoted(name, 80)}` };
}

/** Throws `InputError`, for versions that no writer could ever exceed too. */
export function parseMetadata(bytes: Uint8Array, name: string, type: MetadataType, maxBytes: number): Metadata {
  const place = placeOf(name);
  const options = { code: place.code, name: place.path, maxBytes, maxValues: MAX_METADATA_VALUES };
  const file = readStruct(parseStrictJson(bytes, options), ["signed", "signatures"], place);
  const signed = readStruct(file.get("signed"), FIELDS[type], inside(place, "signed"));
  const found = requiredString(signed, "_type", place);
  if (found !== type)
    throw new InputError(place.code, `${place.path} is of the type ${quoted(found, 40)}, not ${type}`);
  return {
    name,
    signed,
    signedText: Buffer.from(canonicalMetadata(signed), "utf8"),
    signatures: parseSignatures(file, place),
    version: parseVersion(signed, place),
    expires: parseInstant(requiredString(signed, "expires", place)),
  };
}

function parseVersion(signed: JsonObject, place: JsonPlace): number {
  const version = requiredInteger(signed, "version", place);
  if (version < 1) throw new InputError(place.code, `${place.path} has the version ${version}, which is less than 1`);
  return version;
}

function parseSignatures(file: JsonObject, place: JsonPlace): readonly MetadataSignature[] {
  const list = optionalArray(file, "signatures", place) ?? [];
  if (list.length > MAX_METADATA_SIGNATURES) {
    throw new InputError(place.code, `${place.path} has more than the ${MAX_METADATA_SIGNATURES} signatures allowed`);
  }
  return list.map((value, at) => parseSignature(value, inside(inside(place, "signatures"), at)));
}

/** Its `method` is not read: the key alone says how a signature is checked. */
function parseSignature(value: JsonValue, place: JsonPlace): MetadataSignature {
  const signature = readStruct(value, ["keyid", "method", "sig"], place);
  return {
    keyId: requiredString(signature, "keyid", place),
    signature: decodeBase64(requiredString(signature, "sig", place), `${place.path}.sig`),
  };
}

/** A member that must be an object whose keys are data. Throws `InputError`. */
export function requiredObject(object: JsonObject, key: string, place: JsonPlace): JsonObject {
  const value = object.get(key);
  if (isJsonObject(value)) return value;
  throw new InputError(place.code, `${inside(place, key).path} is not an object`);
}
