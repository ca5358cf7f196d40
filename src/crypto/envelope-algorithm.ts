import { constants, verify } from "node:crypto";

import type { PublicKey } from "./public-key.ts";
import { hasModulusLength } from "./rsa-signature.ts";
import type { HashName } from "./signature-algorithm.ts";

/** The algorithms of JWS (RFC 7518 section 3.1) and COSE (RFC 9053, RFC 8230) that X.509 signers of envelopes use. */
export type EnvelopeAlgorithm = "PS256" | "PS384" | "PS512" | "ES256" | "ES384" | "ES512";

const BY_RSA_BITS: ReadonlyMap<number, EnvelopeAlgorithm> = new Map([
  [2048, "PS256"],
  [3072, "PS384"],
  [4096, "PS512"],
]);

const HASH: Readonly<Record<EnvelopeAlgorithm, HashName>> = {
  PS256: "sha256",
  PS384: "sha384",
  PS512: "sha512",
  ES256: "sha256",
  ES384: "sha384",
  ES512: "sha512",
};

/**
 * The one algorithm that a key of this kind and size signs envelopes with (Notary Project, signature specification,
 * "Algorithm Selection"); `undefined` for a key that may not. What an envelope itself says is only compared with it.
 */
export function envelopeAlgorithmOf({ algorithm, key }: PublicKey): EnvelopeAlgorithm | undefined {
  switch (algorithm) {
    case "rsa":
      return BY_RSA_BITS.get(key.asymmetricKeyDetails?.modulusLength ?? 0);
    case "ecdsa-p256":
      return "ES256";
    case "ecdsa-p384":
      return "ES384";
    case "ecdsa-p521":
      return "ES512";
    case "rsa-pss":
    case "ed25519":
      return undefined;
  }
}

/** Whether the key made this signature over these bytes by its one algorithm. Never throws. */
export function isEnvelopeSignedBy(key: PublicKey, message: Uint8Array, signature: Uint8Array): boolean {
  const algorithm = envelopeAlgorithmOf(key);
  if (algorithm === undefined) return false;
  // Clients before RFC 7518's rule on salts wrote longer ones, and all readers take them.
  const how = algorithm.startsWith("PS")
    ? { key: key.key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_AUTO }
    : { key: key.key, dsaEncoding: "ieee-p1363" as const };
  if (algorithm.startsWith("PS") && !hasModulusLength(key.key, signature)) return false;
  try {
    return verify(HASH[algorithm], message, how, signature);
  } catch {
    return false;
  }
}
