import { decodeBase64 } from "../../crypto/base64.ts";
import type { InclusionProof, LogEntry } from "../../crypto/log-entry.ts";
import { parseLogBody } from "../../crypto/log-body.ts";
import { readMembers } from "../../crypto/members.ts";
import { InputError } from "../../domain/errors.ts";
import {
  inside,
  optionalStringArray,
  requiredString,
  type JsonObject,
  type JsonPlace,
  type JsonValue,
} from "../../domain/json.ts";
import type { BundleVersion } from "./media-type.ts";

const FIELDS = [
  "logIndex",
  "logId",
  "kindVersion",
  "integratedTime",
  "inclusionPromise",
  "inclusionProof",
  "canonicalizedBody",
];

/** A tree of 2^64 leaves has paths no longer than this. */
const MAX_PATH = 64;

/**
 * One `TransparencyLogEntry` (sigstore_rekor.proto). Bundles 0.1 must carry the log's promise, later ones an inclusion proof
 * with its checkpoint (sigstore_bundle.proto, "tlog_entries"). Throws `InputError`.
 */
export function parseBundleEntry(value: JsonValue, version: BundleVersion, place: JsonPlace): LogEntry {
  const entry = readMembers(value, FIELDS, place);
  const time = integer(entry, "integratedTime", place);
  const body = bytes(entry, "canonicalizedBody", place);
  checkKind(entry, body, place);
  const promise = entry.has("inclusionPromise")
    ? parsePromise(entry.get("inclusionPromise"), inside(place, "inclusionPromise"))
    : undefined;
  const proof = entry.has("inclusionProof")
    ? parseProof(entry.get("inclusionProof"), inside(place, "inclusionProof"))
    : undefined;
  if (version === "0.1" && promise === undefined && proof !== undefined) {
    throw new InputError("signature", `${place.path} has no inclusionPromise, which bundles 0.1 must have`);
  }
  if (version !== "0.1" && proof === undefined && promise !== undefined) {
    throw new InputError("signature", `${place.path} has no inclusionProof, which bundles ${version} must have`);
  }
  return {
    logId: parseLogId(entry.get("logId"), inside(place, "logId")),
    logIndex: integer(entry, "logIndex", place),
    integratedTime: time === 0n ? undefined : time,
    body,
    promise,
    proof,
  };
}

/** The kind named beside the body must be the body's own: only the body is what the log vouches for. */
function checkKind(entry: JsonObject, body: Uint8Array, place: JsonPlace): void {
  const at = inside(place, "kindVersion");
  const named = readMembers(entry.get("kindVersion"), ["kind", "version"], at);
  const logged = parseLogBody(body);
  if (requiredString(named, "kind", at) !== logged.kind || requiredString(named, "version", at) !== logged.version) {
    throw new InputError(
      "signature",
      `${at.path} is not the kind of the entry's body, ${logged.kind} ${logged.version}`,
    );
  }
}

function parsePromise(value: JsonValue | undefined, place: JsonPlace): Uint8Array {
  return bytes(readMembers(value, ["signedEntryTimestamp"], place), "signedEntryTimestamp", place);
}

function parseProof(value: JsonValue | undefined, place: JsonPlace): InclusionProof {
  const proof = readMembers(value, ["logIndex", "rootHash", "treeSize", "hashes", "checkpoint"], place);
  const hashes = optionalStringArray(proof, "hashes", place);
  if (hashes.length > MAX_PATH) throw new InputError("signature", `${place.path} has more than ${MAX_PATH} hashes`);
  const at = inside(place, "checkpoint");
  return {
    leafIndex: integer(proof, "logIndex", place),
    treeSize: integer(proof, "treeSize", place),
    rootHash: bytes(proof, "rootHash", place),
    hashes: hashes.map((hash, index) => decodeBase64(hash, inside(inside(place, "hashes"), index).path)),
    checkpoint: requiredString(readMembers(proof.get("checkpoint"), ["envelope"], at), "envelope", at),
  };
}

function parseLogId(value: JsonValue | undefined, place: JsonPlace): string {
  const id = bytes(readMembers(value, ["keyId"], place), "keyId", place);
  return Buffer.from(id).toString("hex");
}

function bytes(object: JsonObject, key: string, place: JsonPlace): Uint8Array {
  return decodeBase64(requiredString(object, key, place), `${place.path}.${key}`);
}

const DECIMAL = /^(?:0|[1-9]\d{0,18})$/;

/** A non-negative 64-bit integer, which protobuf writes as text and reads as text or number. Absent is zero. */
function integer(object: JsonObject, key: string, place: JsonPlace): bigint {
  const value = object.get(key) ?? "0";
  const text = typeof value === "number" && Number.isSafeInteger(value) ? String(value) : value;
  if (typeof text === "string" && DECIMAL.test(text)) return BigInt(text);
  throw new InputError("signature", `${inside(place, key).path} is not a whole number from 0 to 2^63`);
}
