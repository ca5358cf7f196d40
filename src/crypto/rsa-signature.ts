import { constants, hash, publicDecrypt, timingSafeEqual, type KeyObject } from "node:crypto";

/**
 * RSA signatures over a SHA-256 hash that was computed elsewhere (RFC 8017 section 8): `node:crypto` undoes the
 * exponentiation, and what comes out is compared here.
 */

const HASH_BYTES = 32;
/** DER of the DigestInfo before a SHA-256 hash (RFC 8017 section 9.2, note 1). */
const DIGEST_INFO = Buffer.from("3031300d060960864801650304020105000420", "hex");

/** The encoded message, as long as the modulus. Throws what `publicDecrypt` throws for a signature out of range. */
function encodedMessage(key: KeyObject, signature: Uint8Array): Buffer {
  return publicDecrypt({ key, padding: constants.RSA_NO_PADDING }, signature);
}

function sizeOf(key: KeyObject): number {
  return key.asymmetricKeyDetails?.modulusLength ?? 0;
}

/** The first step of either check (sections 8.1.2 and 8.2.2), which OpenSSL leaves out for PSS: it fills up with zeros. */
export function hasModulusLength(key: KeyObject, signature: Uint8Array): boolean {
  return signature.length === Math.ceil(sizeOf(key) / 8);
}

/** RSASSA-PKCS1-v1_5 (section 8.2.2): what should have been encoded is encoded and compared, so nothing is parsed. */
export function isPkcs1Signed(key: KeyObject, digest: Uint8Array, signature: Uint8Array): boolean {
  if (!hasModulusLength(key, signature)) return false;
  const found = encodedMessage(key, signature);
  const filling = Buffer.alloc(found.length - DIGEST_INFO.length - HASH_BYTES - 3, 0xff);
  // Of another length for a hash of another length.
  const expected = Buffer.concat([Buffer.of(0, 1), filling, Buffer.of(0), DIGEST_INFO, digest]);
  return found.length === expected.length && timingSafeEqual(found, expected);
}

/** RSASSA-PSS with MGF1 over SHA-256 and a salt of any length (sections 8.1.2 and 9.1.2). */
export function isPssSigned(key: KeyObject, digest: Uint8Array, signature: Uint8Array): boolean {
  const bits = sizeOf(key) - 1;
  const length = Math.ceil(bits / 8);
  if (!hasModulusLength(key, signature) || digest.length !== HASH_BYTES) return false;
  const found = encodedMessage(key, signature);
  // One byte more than the encoding has where the modulus is a multiple of eight bits plus one.
  const encoded = found.subarray(found.length - length);
  if (found.subarray(0, found.length - length).some((byte) => byte !== 0)) return false;
  const split = length - HASH_BYTES - 1;
  if (split <= 0 || encoded[length - 1] !== 0xbc) return false;
  const [masked, check] = [encoded.subarray(0, split), encoded.subarray(split, length - 1)];
  const unused = 8 * length - bits;
  const first = masked[0] ?? 0;
  if (first >> (8 - unused) !== 0) return false;
  const mask = maskOf(check, split);
  const block = Buffer.from(masked.map((byte, at) => byte ^ (mask[at] ?? 0)));
  block[0] = (block[0] ?? 0) & (0xff >> unused);
  const one = block.findIndex((byte) => byte !== 0);
  if (one === -1 || block[one] !== 1) return false;
  const salted = Buffer.concat([Buffer.alloc(8), digest, block.subarray(one + 1)]);
  return timingSafeEqual(hash("sha256", salted, "buffer"), check);
}

/** MGF1 (appendix B.2.1). */
function maskOf(seed: Uint8Array, length: number): Buffer {
  const blocks = Array.from({ length: Math.ceil(length / HASH_BYTES) }, (_, counter) => {
    const number = Buffer.alloc(4);
    number.writeUInt32BE(counter);
    return hash("sha256", Buffer.concat([seed, number]), "buffer");
  });
  return Buffer.concat(blocks).subarray(0, length);
}
