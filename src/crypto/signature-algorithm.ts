import { constants, verify } from "node:crypto";

import { childrenOf, derError, oidOf, TAG, type DerValue } from "./der.ts";
import type { PublicKey } from "./public-key.ts";

export type HashName = "sha256" | "sha384" | "sha512";

const HASHES: ReadonlyMap<string, HashName> = new Map([
  ["2.16.840.1.101.3.4.2.1", "sha256"],
  ["2.16.840.1.101.3.4.2.2", "sha384"],
  ["2.16.840.1.101.3.4.2.3", "sha512"],
]);

type Family = "ecdsa" | "rsa" | "ed25519";
type Algorithm = { readonly family: Family; readonly hash: HashName | undefined };

/** RFC 5758, RFC 4055 section 5 and RFC 8410. Whatever is not here is refused: MD5, SHA-1, DSA, and PSS with its parameters. */
const SIGNATURES: ReadonlyMap<string, Algorithm> = new Map<string, Algorithm>([
  ["1.2.840.10045.4.3.2", { family: "ecdsa", hash: "sha256" }],
  ["1.2.840.10045.4.3.3", { family: "ecdsa", hash: "sha384" }],
  ["1.2.840.10045.4.3.4", { family: "ecdsa", hash: "sha512" }],
  ["1.2.840.113549.1.1.11", { family: "rsa", hash: "sha256" }],
  ["1.2.840.113549.1.1.12", { family: "rsa", hash: "sha384" }],
  ["1.2.840.113549.1.1.13", { family: "rsa", hash: "sha512" }],
  ["1.3.101.112", { family: "ed25519", hash: undefined }],
]);

/** The signature's hash is then the digest algorithm named beside it (RFC 5652 section 5.3, RFC 3370 section 3.2). */
const RSA_ENCRYPTION = "1.2.840.113549.1.1.1";

/** What an AlgorithmIdentifier names. Parameters may be absent or NULL: no algorithm of the lists has others. */
export function algorithmOid(value: DerValue | undefined): string {
  const [oid, parameters, ...more] = childrenOf(value, TAG.sequence);
  if (more.length > 0 || (parameters !== undefined && Buffer.from(parameters.bytes).toString("hex") !== "0500")) {
    throw derError("an algorithm with parameters");
  }
  return oidOf(oid);
}

/** The hash an AlgorithmIdentifier names, or `undefined` for one that is not allowed. */
export function hashAlgorithmOf(value: DerValue | undefined): HashName | undefined {
  return HASHES.get(algorithmOid(value));
}

/**
 * Whether the key made this signature by the algorithm that the AlgorithmIdentifier names; `digest` is the one beside it in
 * a CMS. False, too, for an algorithm that is not allowed or not the key's. Throws `InputError` for broken DER only.
 */
export function isSignedWith(
  algorithm: DerValue | undefined,
  key: PublicKey,
  signed: { readonly message: Uint8Array; readonly signature: Uint8Array },
  digest?: HashName,
): boolean {
  const oid = algorithmOid(algorithm);
  const { family, hash } = SIGNATURES.get(oid) ?? { family: undefined, hash: undefined };
  if (oid === RSA_ENCRYPTION) return digest !== undefined && isMade("rsa", digest, key, signed);
  return family !== undefined && isMade(family, hash, key, signed);
}

function isMade(
  family: Family,
  hash: HashName | undefined,
  { algorithm, key }: PublicKey,
  { message, signature }: { readonly message: Uint8Array; readonly signature: Uint8Array },
): boolean {
  if (!algorithm.startsWith(family) || algorithm === "rsa-pss") return false;
  try {
    // Of these two a key reads the one that is for its kind.
    return verify(hash, message, { key, padding: constants.RSA_PKCS1_PADDING, dsaEncoding: "der" }, signature);
  } catch {
    return false;
  }
}
