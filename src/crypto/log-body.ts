import { InputError } from "../domain/errors.ts";
import {
  inside,
  optionalArray,
  readStruct,
  requiredString,
  type JsonObject,
  type JsonPlace,
  type JsonValue,
} from "../domain/json.ts";
import { decodeBase64 } from "./base64.ts";
import { parseStrictJson } from "./strict-json.ts";
import { quoted } from "../domain/quoted.ts";

/** What a log entry says was signed, by whom, and with which signatures. */
export type LogBody = {
  readonly kind: "hashedrekord" | "dsse" | "intoto";
  readonly version: string;
  /** Of the signed bytes, or of the payload inside a DSSE envelope. */
  readonly hash: LoggedHash;
  readonly signatures: readonly LoggedSignature[];
  /** In the place of signatures: the envelope that holds them. */
  readonly envelope?: LoggedEnvelope;
};

/** The hash of an envelope's text, and who signed it. */
export type LoggedEnvelope = { readonly hash: LoggedHash; readonly verifier: Verifier };

type LoggedHash = { readonly algorithm: string; readonly hex: string };

export type LoggedSignature = { readonly signature: Uint8Array; readonly verifier: Verifier };

/** What made a signature, as logged: PEM text of a key or a certificate, or the DER of one. */
export type Verifier =
  | { readonly kind: "pem"; readonly text: string }
  | { readonly kind: "spki"; readonly der: Uint8Array }
  | { readonly kind: "certificate"; readonly der: Uint8Array };

/** Bodies hold hashes, not payloads: a few KiB. */
const MAX_BODY = 256 * 1024;
const MAX_SIGNATURES = 32;

const PLACE: JsonPlace = { code: "signature", path: "log entry" };

type Logged = Pick<LogBody, "hash" | "signatures" | "envelope">;
type Reader = (spec: JsonObject, place: JsonPlace) => Logged;

const READERS: ReadonlyMap<string, Reader> = new Map([
  ["hashedrekord 0.0.1", readHashedRekord1],
  ["hashedrekord 0.0.2", readHashedRekord2],
  ["dsse 0.0.1", readDsse1],
  ["dsse 0.0.2", readDsse2],
  ["intoto 0.0.1", readIntoto1],
  ["intoto 0.0.2", readIntoto2],
]);

/** Reads the kinds that cosign and sigstore clients write for signatures. Throws `InputError`. */
export function parseLogBody(bytes: Uint8Array): LogBody {
  const value = parseStrictJson(bytes, { code: "signature", name: "log entry", maxBytes: MAX_BODY });
  const object = readStruct(value, ["apiVersion", "kind", "spec"], PLACE);
  const kind = requiredString(object, "kind", PLACE);
  const version = requiredString(object, "apiVersion", PLACE);
  const read = READERS.get(`${kind} ${version}`);
  if (read === undefined) {
    throw new InputError(
      "signature",
      `log entry is of the kind ${quoted(kind, 40)} ${quoted(version, 20)}, which does not hold a signature that Assay can compare`,
    );
  }
  const place = inside(PLACE, "spec");
  const body = read(struct(object.get("spec"), place), place);
  return { kind: kind as LogBody["kind"], version, ...body };
}

function struct(value: JsonValue | undefined, place: JsonPlace): JsonObject {
  return readStruct(value, [], place);
}

function child(object: JsonObject, key: string, place: JsonPlace): [JsonObject, JsonPlace] {
  const at = inside(place, key);
  return [struct(object.get(key), at), at];
}

function base64(object: JsonObject, key: string, place: JsonPlace): Uint8Array {
  return decodeBase64(requiredString(object, key, place), `${place.path}.${key}`);
}

function utf8(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("utf8");
}

function readHash(object: JsonObject, key: string, place: JsonPlace): LoggedHash {
  const [hash, at] = child(object, key, place);
  return { algorithm: requiredString(hash, "algorithm", at), hex: requiredString(hash, "value", at) };
}

/** Rekor v1: `data.hash` and one signature, with its key or certificate as base64 of PEM. */
function readHashedRekord1(spec: JsonObject, place: JsonPlace): Pick<LogBody, "hash" | "signatures"> {
  const [data, dataAt] = child(spec, "data", place);
  const [signature, signatureAt] = child(spec, "signature", place);
  const [publicKey, keyAt] = child(signature, "publicKey", signatureAt);
  const text = utf8(base64(publicKey, "content", keyAt));
  const made = { signature: base64(signature, "content", signatureAt), verifier: { kind: "pem", text } as const };
  return { hash: readHash(data, "hash", dataAt), signatures: [made] };
}

function each(
  object: JsonObject,
  place: JsonPlace,
  read: (item: JsonObject, at: JsonPlace) => LoggedSignature,
): LoggedSignature[] {
  const items = optionalArray(object, "signatures", place) ?? [];
  if (items.length > MAX_SIGNATURES) {
    throw new InputError("signature", `${place.path} has more than the ${MAX_SIGNATURES} signatures allowed`);
  }
  return items.map((item, index) => {
    const at = inside(inside(place, "signatures"), index);
    return read(struct(item, at), at);
  });
}

/** Rekor v1: the payload's hash, and each signature of the envelope with its verifier as base64 of PEM. */
function readDsse1(spec: JsonObject, place: JsonPlace): Pick<LogBody, "hash" | "signatures"> {
  const signatures = each(spec, place, (item, at) => ({
    signature: base64(item, "signature", at),
    verifier: { kind: "pem", text: utf8(base64(item, "verifier", at)) },
  }));
  return { hash: readHash(spec, "payloadHash", place), signatures };
}

/** Rekor v1: the hashes of the envelope and of its payload, and the key or certificate as base64 of PEM. */
function readIntoto1(spec: JsonObject, place: JsonPlace): Logged {
  const [content, contentAt] = child(spec, "content", place);
  const verifier = { kind: "pem", text: utf8(base64(spec, "publicKey", place)) } as const;
  const envelope = { hash: readHash(content, "hash", contentAt), verifier };
  return { hash: readHash(content, "payloadHash", contentAt), signatures: [], envelope };
}

/** Rekor v1: as `dsse`, with the envelope's own base64 text of a signature encoded once more. */
function readIntoto2(spec: JsonObject, place: JsonPlace): Pick<LogBody, "hash" | "signatures"> {
  const [content, contentAt] = child(spec, "content", place);
  const [envelope, envelopeAt] = child(content, "envelope", contentAt);
  const signatures = each(envelope, envelopeAt, (item, at) => ({
    signature: decodeBase64(utf8(base64(item, "sig", at)), `${at.path}.sig`),
    verifier: { kind: "pem", text: utf8(base64(item, "publicKey", at)) },
  }));
  return { hash: readHash(content, "payloadHash", contentAt), signatures };
}

/** Rekor v2 names hashes by the constants of sigstore's protobuf. */
const HASHES: Readonly<Record<string, string>> = { SHA2_256: "sha256", SHA2_384: "sha384", SHA2_512: "sha512" };

function readHash2(object: JsonObject, key: string, place: JsonPlace): LoggedHash {
  const [hash, at] = child(object, key, place);
  const name = requiredString(hash, "algorithm", at);
  const algorithm = HASHES[name] ?? name;
  return { algorithm, hex: Buffer.from(base64(hash, "digest", at)).toString("hex") };
}

function readSignature2(object: JsonObject, place: JsonPlace): LoggedSignature {
  const [verifier, at] = child(object, "verifier", place);
  return { signature: base64(object, "content", place), verifier: readVerifier2(verifier, at) };
}

function readVerifier2(verifier: JsonObject, place: JsonPlace): Verifier {
  const kind = verifier.has("publicKey") ? "publicKey" : "x509Certificate";
  const [material, at] = child(verifier, kind, place);
  return { kind: kind === "publicKey" ? "spki" : "certificate", der: base64(material, "rawBytes", at) };
}

function readHashedRekord2(spec: JsonObject, place: JsonPlace): Pick<LogBody, "hash" | "signatures"> {
  const [record, at] = child(spec, "hashedRekordV002", place);
  const [signature, signatureAt] = child(record, "signature", at);
  return { hash: readHash2(record, "data", at), signatures: [readSignature2(signature, signatureAt)] };
}

function readDsse2(spec: JsonObject, place: JsonPlace): Pick<LogBody, "hash" | "signatures"> {
  const [record, at] = child(spec, "dsseV002", place);
  return { hash: readHash2(record, "payloadHash", at), signatures: each(record, at, readSignature2) };
}
