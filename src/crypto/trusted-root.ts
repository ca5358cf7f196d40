import { InputError } from "../domain/errors.ts";
import { parseInstant, type Instant } from "../domain/instant.ts";
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
import { parseCertificate, type Certificate } from "./certificate.ts";
import { publicKeyOfSpki } from "./public-key.ts";
import { parseStrictJson } from "./strict-json.ts";
import type { TimestampAuthority } from "./timestamp.ts";
import { logIdOf, type LogRoot, type TransparencyLog } from "./transparency-log.ts";
import { quoted } from "../domain/quoted.ts";

/** The public-good root has 6 KiB. */
const MAX_ROOT = 1024 * 1024;
const MEDIA_TYPE = /^application\/vnd\.dev\.sigstore\.trustedroot(?:\+json;version=0\.[12]|\.v0\.[12]\+json)$/;

/** Whose word counts, for entries of logs and for times. */
export type TrustedRoot = { readonly logs: LogRoot; readonly timestampAuthorities: readonly TimestampAuthority[] };

/**
 * The transparency logs, of which there must be one, and timestamp authorities of a sigstore `trusted_root.json`
 * (protobuf-specs, sigstore_trustroot.proto). Either without a beginning is refused, although the format's readers commonly
 * take it for one that was always there. `from` is where the text was written. Throws `InputError`.
 */
export function parseTrustedRoot(text: string, from: string): TrustedRoot {
  const options = { code: "key", name: `trusted root ${from}`, maxBytes: MAX_ROOT } as const;
  const place: JsonPlace = { code: "key", path: `trusted root ${from}` };
  const fields = ["mediaType", "tlogs", "timestampAuthorities"];
  const root = readStruct(parseStrictJson(Buffer.from(text, "utf8"), options), fields, place);
  const mediaType = requiredString(root, "mediaType", place);
  if (!MEDIA_TYPE.test(mediaType)) {
    throw new InputError(
      "key",
      `${place.path} has the media type ${quoted(mediaType, 80)}, not that of a trusted root 0.1 or 0.2`,
    );
  }
  const logs = optionalArray(root, "tlogs", place) ?? [];
  if (logs.length === 0) throw new InputError("key", `${place.path} names no transparency log ("tlogs")`);
  const authorities = optionalArray(root, "timestampAuthorities", place) ?? [];
  return {
    logs: logs.map((log, at) => parseLog(log, inside(inside(place, "tlogs"), at))),
    timestampAuthorities: authorities.map((authority, at) =>
      parseAuthority(authority, inside(inside(place, "timestampAuthorities"), at)),
    ),
  };
}

const AUTHORITY_FIELDS = ["subject", "uri", "certChain", "validFor", "operator"];
const MAX_CHAIN = 10;

/** The chain goes from the leaf, which may be left out, to the root (sigstore_trustroot.proto, `cert_chain`). */
function parseAuthority(value: JsonValue, place: JsonPlace): TimestampAuthority {
  const authority = readStruct(value, AUTHORITY_FIELDS, place);
  const at = inside(inside(place, "certChain"), "certificates");
  const chain = readStruct(authority.get("certChain"), ["certificates"], inside(place, "certChain"));
  const items = optionalArray(chain, "certificates", inside(place, "certChain")) ?? [];
  if (items.length > MAX_CHAIN) throw new InputError("key", `${at.path} has more than the ${MAX_CHAIN} allowed`);
  const certificates = items.map((item, index) => parseChainCertificate(item, inside(at, index)));
  const authorities = certificates.filter((each, index) => index > 0 || each.extensions.isAuthority);
  const root = authorities.at(-1);
  if (root === undefined || !root.extensions.isAuthority)
    throw new InputError("key", `${at.path} has no certificate of an authority`);
  return {
    leaf: certificates.length > authorities.length ? certificates[0] : undefined,
    intermediates: authorities.slice(0, -1),
    root,
    ...parseWindow(authority.get("validFor"), inside(place, "validFor")),
  };
}

function parseChainCertificate(value: JsonValue, place: JsonPlace): Certificate {
  const item = readStruct(value, ["rawBytes"], place);
  const der = decodeBase64(requiredString(item, "rawBytes", place), `${place.path}.rawBytes`);
  try {
    return parseCertificate(der);
  } catch (cause) {
    if (!(cause instanceof InputError)) throw cause;
    throw new InputError("key", `${place.path} is not a certificate that can be used: ${cause.message}`, { cause });
  }
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
  const key = publicKeyOfSpki(der, keyPlace.path);
  const id = parseLogId(log, place);
  // Another id could not have been made by this key: only an Ed25519 note key's id holds the log's name besides the key.
  if (id !== logIdOf(key) && key.algorithm !== "ed25519") {
    throw new InputError("key", `${place.path}.logId is not the sha256 of its key`);
  }
  return { id, key, ...parseWindow(material.get("validFor"), inside(keyPlace, "validFor")) };
}

function parseLogId(log: JsonObject, place: JsonPlace): string {
  const at = inside(place, "logId");
  const id = readStruct(log.get("logId"), ["keyId"], at);
  return Buffer.from(decodeBase64(requiredString(id, "keyId", at), `${at.path}.keyId`)).toString("hex");
}

type Window = { readonly notBefore: Instant; readonly notAfter: Instant | undefined };

function parseWindow(value: JsonValue | undefined, place: JsonPlace): Window {
  const window = readStruct(value, ["start", "end"], place);
  const end = optionalString(window, "end", place);
  return {
    notBefore: parseInstant(requiredString(window, "start", place)),
    notAfter: end === undefined ? undefined : parseInstant(end),
  };
}
