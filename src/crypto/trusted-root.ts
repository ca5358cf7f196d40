import { InputError } from "../domain/errors.ts";
import {
  inside,
  optionalArray,
  optionalString,
  readStruct,
  requiredString,
  type JsonObject,
  type JsonPlace,
  type JsonValue,
} from "../domain/json.ts";
import { decodeBase64 } from "./base64.ts";
import { derOf, TAG } from "./der.ts";
import { publicKeyOfSpki } from "./public-key.ts";
import { parseStrictJson } from "./strict-json.ts";
import type { TimestampAuthority } from "./timestamp.ts";
import { logIdOf, type LogRoot, type TransparencyLog } from "./transparency-log.ts";
import {
  parseCertificateAuthority,
  parseTimestampAuthority,
  parseWindow,
  type CertificateAuthority,
} from "./trusted-authority.ts";
import { quoted } from "../domain/quoted.ts";

/** The public-good root has 6 KiB. */
const MAX_ROOT = 1024 * 1024;
const MEDIA_TYPE = /^application\/vnd\.dev\.sigstore\.trustedroot(?:\+json;version=0\.[12]|\.v0\.[12]\+json)$/;

/** Whose word counts: for entries of logs, for times, for certificates, and for their publication. */
export type TrustedRoot = {
  readonly logs: LogRoot;
  readonly timestampAuthorities: readonly TimestampAuthority[];
  readonly certificateAuthorities: readonly CertificateAuthority[];
  readonly certificateLogs: LogRoot;
};

/**
 * A sigstore `trusted_root.json` (protobuf-specs, sigstore_trustroot.proto). A log or authority without a beginning is
 * refused, although the format's readers commonly take it for one that was always there. `from` is where the text was
 * written. Throws `InputError`.
 */
export function parseTrustedRoot(text: string, from: string): TrustedRoot {
  const options = { code: "key", name: `trusted root ${from}`, maxBytes: MAX_ROOT } as const;
  const place: JsonPlace = { code: "key", path: `trusted root ${from}` };
  const fields = ["mediaType", "tlogs", "timestampAuthorities", "certificateAuthorities", "ctlogs"];
  const root = readStruct(parseStrictJson(Buffer.from(text, "utf8"), options), fields, place);
  const mediaType = requiredString(root, "mediaType", place);
  if (!MEDIA_TYPE.test(mediaType)) {
    throw new InputError(
      "key",
      `${place.path} has the media type ${quoted(mediaType, 80)}, not that of a trusted root 0.1 or 0.2`,
    );
  }
  return {
    logs: each(root, "tlogs", place, parseLog),
    timestampAuthorities: each(root, "timestampAuthorities", place, parseTimestampAuthority),
    certificateAuthorities: each(root, "certificateAuthorities", place, parseCertificateAuthority),
    certificateLogs: each(root, "ctlogs", place, parseLog),
  };
}

function each<T>(
  root: JsonObject,
  member: string,
  place: JsonPlace,
  parse: (value: JsonValue, at: JsonPlace) => T,
): readonly T[] {
  const items = optionalArray(root, member, place) ?? [];
  return items.map((item, at) => parse(item, inside(inside(place, member), at)));
}

const LOG_FIELDS = ["baseUrl", "hashAlgorithm", "publicKey", "logId", "checkpointKeyId", "operator"];

function parseLog(value: JsonValue, place: JsonPlace): TransparencyLog {
  const log = readStruct(value, LOG_FIELDS, place);
  const hash = optionalString(log, "hashAlgorithm", place);
  if (hash !== "SHA2_256")
    throw new InputError("key", `${place.path} hashes with ${hash ?? "nothing named"}: only SHA2_256 is known`);
  const keyPlace = inside(place, "publicKey");
  const material = readStruct(log.get("publicKey"), ["rawBytes", "keyDetails", "validFor"], keyPlace);
  const der = decodeBase64(requiredString(material, "rawBytes", keyPlace), `${keyPlace.path}.rawBytes`);
  const form = optionalString(material, "keyDetails", keyPlace) ?? "";
  const key = publicKeyOfSpki(form.startsWith("PKCS1_") ? spkiOfRsa(der) : der, keyPlace.path);
  const id = parseLogId(log, place);
  // Another id could not have been made by this key: only an Ed25519 note key's id holds the log's name besides the key.
  if (id !== logIdOf(key) && key.algorithm !== "ed25519") {
    throw new InputError("key", `${place.path}.logId is not the sha256 of its key`);
  }
  return { id, key, ...parseWindow(material.get("validFor"), inside(keyPlace, "validFor")) };
}

/** AlgorithmIdentifier of RSA with its NULL (RFC 8017 appendix A.1). */
const RSA_ENCRYPTION = Buffer.from("300d06092a864886f70d0101010500", "hex");

/** Old logs are written with the bare key of PKCS #1 (sigstore_common.proto, `PKCS1_RSA_PKCS1V5`). */
function spkiOfRsa(key: Uint8Array): Uint8Array {
  return derOf(TAG.sequence, [RSA_ENCRYPTION, derOf(TAG.bitString, [Buffer.of(0), key])]);
}

function parseLogId(log: JsonObject, place: JsonPlace): string {
  const at = inside(place, "logId");
  const id = readStruct(log.get("logId"), ["keyId"], at);
  return Buffer.from(decodeBase64(requiredString(id, "keyId", at), `${at.path}.keyId`)).toString("hex");
}
