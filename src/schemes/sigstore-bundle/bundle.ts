import { decodeBase64 } from "../../crypto/base64.ts";
import { parseEnvelope, type Envelope } from "../../crypto/dsse.ts";
import type { LogEntry } from "../../crypto/log-entry.ts";
import { readMembers } from "../../crypto/members.ts";
import { parseStrictJson } from "../../crypto/strict-json.ts";
import { InputError } from "../../domain/errors.ts";
import {
  inside,
  optionalArray,
  optionalString,
  requiredString,
  type JsonObject,
  type JsonPlace,
  type JsonValue,
} from "../../domain/json.ts";
import { quoted } from "../../domain/quoted.ts";
import { parseBundleEntry } from "./bundle-entry.ts";
import { bundleVersion, type BundleVersion } from "./media-type.ts";

/** A signature with what is needed to check it offline (sigstore protobuf-specs, sigstore_bundle.proto). */
export type Bundle = {
  readonly version: BundleVersion;
  readonly material: BundleMaterial;
  readonly entries: readonly LogEntry[];
  /** RFC 3161 tokens, DER. */
  readonly timestamps: readonly Uint8Array[];
  readonly content: BundleContent;
};

type BundleMaterial =
  /** A managed key: the hint is for looking it up and proves nothing. */
  | { readonly kind: "public-key"; readonly hint: string }
  /** DER; the chain without the leaf. */
  | { readonly kind: "certificate"; readonly leaf: Uint8Array; readonly chain: readonly Uint8Array[] };

type BundleContent =
  | { readonly kind: "dsse"; readonly envelope: Envelope }
  | { readonly kind: "message"; readonly digest: MessageDigest; readonly signature: Uint8Array };

export type MessageDigest = { readonly algorithm: string; readonly bytes: Uint8Array };

/** As sigstore-go's internal limits. */
const MAX_ENTRIES = 32;
const MAX_TIMESTAMPS = 32;
const MAX_CERTIFICATES = 10;

const PLACE: JsonPlace = { code: "signature", path: "bundle" };

/**
 * Reads a bundle of the versions 0.1 to 0.3 in protobuf's JSON form: 64-bit integers as text, bytes as base64, a member
 * that is absent standing for its default. Unknown members are refused. Throws `InputError`.
 */
export function parseBundle(bytes: Uint8Array, maxBytes: number): Bundle {
  const json = parseStrictJson(bytes, { code: "signature", name: "bundle", maxBytes });
  const known = ["mediaType", "verificationMaterial", "messageSignature", "dsseEnvelope"];
  const bundle = readMembers(json, known, PLACE);
  const mediaType = requiredString(bundle, "mediaType", PLACE);
  const version = bundleVersion(mediaType);
  if (version === undefined) {
    throw new InputError("signature", `bundle is of the version ${quoted(mediaType)}, not 0.1, 0.2 or 0.3`);
  }
  return { version, ...parseMaterial(bundle.get("verificationMaterial"), version), content: parseContent(bundle) };
}

const MATERIAL = ["publicKey", "x509CertificateChain", "certificate", "tlogEntries", "timestampVerificationData"];

function parseMaterial(value: JsonValue | undefined, version: BundleVersion): Omit<Bundle, "version" | "content"> {
  const place = inside(PLACE, "verificationMaterial");
  const material = readMembers(value, MATERIAL, place);
  const entries = limited(material, "tlogEntries", MAX_ENTRIES, place);
  return {
    material: parseSigner(material, version, place),
    entries: entries.map((entry, at) => parseBundleEntry(entry, version, inside(inside(place, "tlogEntries"), at))),
    timestamps: parseTimestamps(material.get("timestampVerificationData"), place),
  };
}

/** Exactly one of three, and of them only what the version has. */
function parseSigner(material: JsonObject, version: BundleVersion, place: JsonPlace): BundleMaterial {
  const present = ["publicKey", "x509CertificateChain", "certificate"].filter((key) => material.has(key));
  if (present.length !== 1) {
    throw new InputError(
      "signature",
      `${place.path} has ${present.length} of publicKey, certificate and x509CertificateChain, not one`,
    );
  }
  if (present[0] === "publicKey") {
    const at = inside(place, "publicKey");
    return {
      kind: "public-key",
      hint: optionalString(readMembers(material.get("publicKey"), ["hint"], at), "hint", at) ?? "",
    };
  }
  if (present[0] === "certificate") {
    const leaf = rawBytes(material.get("certificate"), inside(place, "certificate"));
    return { kind: "certificate", leaf, chain: [] };
  }
  if (version === "0.3") {
    throw new InputError("signature", `${place.path} has an x509CertificateChain, which bundles 0.3 must not have`);
  }
  return parseChain(material.get("x509CertificateChain"), inside(place, "x509CertificateChain"));
}

function parseChain(value: JsonValue | undefined, place: JsonPlace): BundleMaterial {
  const certificates = limited(readMembers(value, ["certificates"], place), "certificates", MAX_CERTIFICATES, place);
  const [leaf, ...chain] = certificates.map((each, at) => rawBytes(each, inside(inside(place, "certificates"), at)));
  if (leaf === undefined) throw new InputError("signature", `${place.path} has no certificate`);
  return { kind: "certificate", leaf, chain };
}

function rawBytes(value: JsonValue | undefined, place: JsonPlace): Uint8Array {
  const text = requiredString(readMembers(value, ["rawBytes"], place), "rawBytes", place);
  return decodeBase64(text, `${place.path}.rawBytes`);
}

function parseTimestamps(value: JsonValue | undefined, place: JsonPlace): readonly Uint8Array[] {
  if (value === undefined || value === null) return [];
  const at = inside(place, "timestampVerificationData");
  const tokens = limited(readMembers(value, ["rfc3161Timestamps"], at), "rfc3161Timestamps", MAX_TIMESTAMPS, at);
  return tokens.map((token, index) => {
    const tokenAt = inside(inside(at, "rfc3161Timestamps"), index);
    const text = requiredString(readMembers(token, ["signedTimestamp"], tokenAt), "signedTimestamp", tokenAt);
    return decodeBase64(text, `${tokenAt.path}.signedTimestamp`);
  });
}

function limited(object: JsonObject, key: string, limit: number, place: JsonPlace): readonly JsonValue[] {
  const items = optionalArray(object, key, place) ?? [];
  if (items.length <= limit) return items;
  throw new InputError("signature", `${inside(place, key).path} has more than the ${limit} entries allowed`);
}

function parseContent(bundle: JsonObject): BundleContent {
  if (bundle.has("messageSignature") === bundle.has("dsseEnvelope")) {
    throw new InputError("signature", "bundle must have exactly one of messageSignature and dsseEnvelope");
  }
  return bundle.has("dsseEnvelope") ? parseDsse(bundle) : parseMessage(bundle);
}

/** The format allows one signature in a bundle's envelope (sigstore_bundle.proto, `dsse_envelope`). */
function parseDsse(bundle: JsonObject): BundleContent {
  const envelope = parseEnvelope(bundle.get("dsseEnvelope"), inside(PLACE, "dsseEnvelope"));
  if (envelope.signatures.length === 1) return { kind: "dsse", envelope };
  throw new InputError("signature", `bundle.dsseEnvelope has ${envelope.signatures.length} signatures, not one`);
}

function parseMessage(bundle: JsonObject): BundleContent {
  const at = inside(PLACE, "messageSignature");
  const message = readMembers(bundle.get("messageSignature"), ["messageDigest", "signature"], at);
  const digestAt = inside(at, "messageDigest");
  const digest = readMembers(message.get("messageDigest"), ["algorithm", "digest"], digestAt);
  return {
    kind: "message",
    digest: {
      algorithm: requiredString(digest, "algorithm", digestAt),
      bytes: decodeBase64(requiredString(digest, "digest", digestAt), `${digestAt.path}.digest`),
    },
    signature: decodeBase64(requiredString(message, "signature", at), `${at.path}.signature`),
  };
}
