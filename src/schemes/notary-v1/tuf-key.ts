import { createHash, verify } from "node:crypto";

import { decodeBase64 } from "../../crypto/base64.ts";
import { certificatesOfPem } from "../../crypto/certificate-pem.ts";
import type { Certificate } from "../../crypto/certificate.ts";
import { isSignedBy, publicKeyOfSpki, type PublicKey } from "../../crypto/public-key.ts";
import { InputError } from "../../domain/errors.ts";
import { readStruct, requiredString, type JsonPlace, type JsonValue } from "../../domain/json.ts";
import { quoted } from "../../domain/quoted.ts";
import { canonicalMetadata } from "./canonical-metadata.ts";

/** A key as metadata names it. */
export type TufKey = {
  readonly id: string;
  /** `undefined` for a key that cannot be used here, and so never signs. */
  readonly key: PublicKey | undefined;
  /** The key's own first, then those above it; none for a bare key. */
  readonly certificates: readonly Certificate[];
};

/** SubjectPublicKeyInfo of Ed25519 up to the key itself (RFC 8410 section 4). */
const ED25519_SPKI = Buffer.from("302a300506032b6570032100", "hex");

/** Throws `InputError` for what is no key, and for one under an id that is not its own. */
export function parseTufKey(id: string, value: JsonValue | undefined, place: JsonPlace): TufKey {
  const object = readStruct(value, ["keytype", "keyval"], place);
  const type = requiredString(object, "keytype", place);
  const text = requiredString(readStruct(object.get("keyval"), ["public", "private"], place), "public", place);
  if (keyIdOf(type, text) !== id) {
    throw new InputError(place.code, `${place.path} holds a key whose id is not the hash of it (${quoted(id, 64)})`);
  }
  const material = decodeBase64(text, `${place.path}.keyval.public`);
  try {
    return { id, ...readKey(type, material) };
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    return { id, key: undefined, certificates: [] };
  }
}

/** SHA-256 of the canonical form without its private part, in hex (notary, TUFKey.ID). */
function keyIdOf(type: string, text: string): string {
  const value = new Map<string, JsonValue>([
    ["keytype", type],
    [
      "keyval",
      new Map<string, JsonValue>([
        ["private", null],
        ["public", text],
      ]),
    ],
  ]);
  return createHash("sha256").update(canonicalMetadata(value), "utf8").digest("hex");
}

/** Key types that ECDSA and RSA keys come under, and whether the key is inside a certificate. */
const TYPES: ReadonlyMap<string, { readonly family: "ecdsa" | "rsa"; readonly certified: boolean }> = new Map([
  ["ecdsa", { family: "ecdsa", certified: false }],
  ["rsa", { family: "rsa", certified: false }],
  ["ecdsa-x509", { family: "ecdsa", certified: true }],
  ["rsa-x509", { family: "rsa", certified: true }],
]);

function readKey(type: string, material: Uint8Array): Omit<TufKey, "id"> {
  if (type === "ed25519") return { key: ed25519Key(material), certificates: [] };
  const known = TYPES.get(type);
  if (known === undefined) throw unusable(type);
  const certificates = known.certified ? certificatesOfPem(Buffer.from(material).toString("latin1"), "a key") : [];
  const key = known.certified ? certificates[0]?.key : publicKeyOfSpki(material, "a key");
  // What the metadata calls a key must be true, or two readers would check its signatures differently.
  if (key === undefined || !key.algorithm.startsWith(known.family)) throw unusable(type);
  return { key, certificates };
}

function ed25519Key(material: Uint8Array): PublicKey {
  if (material.length !== 32) throw unusable("ed25519");
  return publicKeyOfSpki(Buffer.concat([ED25519_SPKI, material]), "a key");
}

function unusable(type: string): InputError {
  return new InputError("key", `a key of the type ${quoted(type, 40)} cannot be used`);
}

/**
 * Whether the key made this signature over the canonical text. ECDSA is over SHA-256 whatever the curve, with r and s raw
 * one after the other; RSA by PSS or PKCS #1 v1.5; Ed25519 pure. Never throws.
 */
export function hasSigned(key: PublicKey, message: Uint8Array, signature: Uint8Array): boolean {
  if (!key.algorithm.startsWith("ecdsa")) return isSignedBy(key, message, signature);
  try {
    return verify("sha256", message, { key: key.key, dsaEncoding: "ieee-p1363" }, signature);
  } catch {
    return false;
  }
}
