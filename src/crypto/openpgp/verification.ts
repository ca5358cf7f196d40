import { constants, hash as digestOfBytes, verify } from "node:crypto";

import type { PublicKey } from "../public-key.ts";
import { coordinateSize, type KeyPacket } from "./key-packet.ts";
import { padded } from "./octets.ts";
import type { SignaturePacket } from "./signature-packet.ts";

/** Hash algorithms by number (RFC 9580 section 9.5). SHA-1 is known for what keys say of themselves alone. */
const HASHES: ReadonlyMap<number, string> = new Map([
  [2, "sha1"],
  [8, "sha256"],
  [9, "sha384"],
  [10, "sha512"],
  [11, "sha224"],
]);
const NAMES: Readonly<Record<number, string>> = { 1: "MD5", 2: "SHA-1", 3: "RIPEMD-160", 11: "SHA-224" };
/** SHA-256, SHA-384 and SHA-512: what may vouch for data, or for a further key. */
const STRONG: readonly number[] = [8, 9, 10];

export function isStrongHash(signature: SignaturePacket): boolean {
  return STRONG.includes(signature.hash);
}

export function hashName(signature: SignaturePacket): string {
  return NAMES[signature.hash] ?? `hash algorithm ${signature.hash}`;
}

/** Whether the signature's algorithm and hash are ones that can be computed at all. */
export function isCheckable(signature: SignaturePacket, { key, algorithm }: KeyPacket): boolean {
  return !("unusable" in key) && HASHES.has(signature.hash) && algorithm === signature.algorithm;
}

/** Whether this key made the signature over these bytes. Never throws: what cannot be computed was not signed. */
export function isMadeBy(signature: SignaturePacket, { key, algorithm }: KeyPacket, content: Uint8Array): boolean {
  const hash = HASHES.get(signature.hash);
  if (hash === undefined || "unusable" in key || algorithm !== signature.algorithm) return false;
  const message = Buffer.concat([content, signature.trailer]);
  const digest = digestOfBytes(hash, message, "buffer");
  if (Buffer.compare(digest.subarray(0, 2), signature.left) !== 0) return false;
  try {
    return check({ key, numbers: signature.numbers, hash, message, digest });
  } catch {
    return false;
  }
}

type Check = {
  readonly key: PublicKey;
  readonly numbers: readonly Uint8Array[];
  readonly hash: string;
  readonly message: Uint8Array;
  readonly digest: Uint8Array;
};

/** How many numbers there are follows from the algorithm, which is the key's. */
function check({ key, numbers, hash, message, digest }: Check): boolean {
  const size = key.algorithm === "rsa" ? modulusSize(key) : coordinateSize(key);
  const parts = numbers.map((number) => padded(number, size)).filter((part) => part !== undefined);
  // A number that is too long is left out, and what is then too short is no signature.
  const signature = Buffer.concat(parts);
  if (key.algorithm === "rsa") {
    return verify(hash, message, { key: key.key, padding: constants.RSA_PKCS1_PADDING }, signature);
  }
  // The EdDSA of RFC 9580 section 5.2.3.3.4 signs the hash and not the message.
  if (key.algorithm === "ed25519") return verify(null, digest, key.key, signature);
  return verify(hash, message, { key: key.key, dsaEncoding: "ieee-p1363" }, signature);
}

/** In bytes. */
function modulusSize({ key }: PublicKey): number {
  return Math.ceil((key.asymmetricKeyDetails?.modulusLength ?? 0) / 8);
}
