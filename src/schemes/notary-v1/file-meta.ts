import { hash } from "node:crypto";

import { decodeBase64 } from "../../crypto/base64.ts";
import { parseDigest, type Digest } from "../../domain/digest.ts";
import { InputError } from "../../domain/errors.ts";
import {
  inside,
  optionalString,
  readStruct,
  requiredInteger,
  type JsonObject,
  type JsonPlace,
  type JsonValue,
} from "../../domain/json.ts";
import { placeOf, requiredObject, type Metadata } from "./metadata.ts";

/** What signed metadata says of another file's bytes. */
export type FileMeta = { readonly length: number; readonly sha256: string; readonly sha512: string | undefined };

const BYTES = { sha256: 32, sha512: 64 } as const;

/** The hashes that metadata gives as base64, as digests; at least one. Throws `InputError`. */
export function parseHashes(value: JsonValue | undefined, place: JsonPlace): readonly Digest[] {
  const at = inside(place, "hashes");
  const hashes = readStruct(value, ["sha256", "sha512"], at);
  const found = (["sha256", "sha512"] as const).flatMap((algorithm) => {
    const text = optionalString(hashes, algorithm, at);
    if (text === undefined) return [];
    const bytes = decodeBase64(text, inside(at, algorithm).path);
    if (bytes.length !== BYTES[algorithm]) {
      throw new InputError(place.code, `${inside(at, algorithm).path} is not ${BYTES[algorithm]} bytes long`);
    }
    return [parseDigest(`${algorithm}:${Buffer.from(bytes).toString("hex")}`)];
  });
  if (found.length === 0) throw new InputError(place.code, `${at.path} has neither sha256 nor sha512`);
  return found;
}

/** What a timestamp or a snapshot says of a role's file; `undefined` if nothing. Throws `InputError`. */
export function metaOf(metadata: Metadata, role: string): FileMeta | undefined {
  const place = inside(placeOf(metadata.name), "meta");
  const value = requiredObject(metadata.signed, "meta", placeOf(metadata.name)).get(role);
  return value === undefined ? undefined : parseMeta(value, inside(place, role));
}

function parseMeta(value: JsonValue, place: JsonPlace): FileMeta {
  const object: JsonObject = readStruct(value, ["length", "hashes", "custom"], place);
  const length = requiredInteger(object, "length", place);
  const digests = parseHashes(object.get("hashes"), place);
  const hexOf = (algorithm: string): string | undefined =>
    digests.find((digest) => digest.startsWith(`${algorithm}:`))?.slice(algorithm.length + 1);
  const sha256 = hexOf("sha256");
  if (sha256 === undefined) throw new InputError(place.code, `${place.path}.hashes has no sha256`);
  return { length, sha256, sha512: hexOf("sha512") };
}

/** Why these bytes are not the file that was meant. */
export function mismatchOf(bytes: Uint8Array, meta: FileMeta): string | undefined {
  if (bytes.length !== meta.length) return `has ${bytes.length} bytes where ${meta.length} are signed`;
  if (hash("sha256", bytes, "hex") !== meta.sha256) return "has another sha256 than is signed";
  if (meta.sha512 !== undefined && hash("sha512", bytes, "hex") !== meta.sha512)
    return "has another sha512 than is signed";
  return undefined;
}
