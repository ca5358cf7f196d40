import { constants, createPublicKey, verify, type KeyObject } from "node:crypto";

import type { Digest } from "../domain/digest.ts";
import { InputError } from "../domain/errors.ts";
import { childrenOf, octetsOfBits, readDer, TAG } from "./der.ts";
import { digestOf } from "./digest-of.ts";
import { isEcdsaSigned, type CurveName } from "./ecdsa.ts";
import { hashOfContent, type Content, type HashedBytes } from "./hashed-bytes.ts";
import { hasModulusLength, isPkcs1Signed, isPssSigned } from "./rsa-signature.ts";

/** What a key can do. It alone decides how a signature is checked; a signature's own word for its algorithm is not read. */
type KeyAlgorithm = "ecdsa-p256" | "ecdsa-p384" | "ecdsa-p521" | "rsa" | "rsa-pss" | "ed25519";

export type PublicKey = {
  readonly algorithm: KeyAlgorithm;
  /** sha256 of the DER SubjectPublicKeyInfo: the signer's name. */
  readonly spki: Digest;
  readonly der: Uint8Array;
  readonly key: KeyObject;
};

/** Below this RSA is breakable; above, one check costs more than a request should (and Go's clients refuse such keys). */
const MIN_RSA_BITS = 2048;
const MAX_RSA_BITS = 8192;
/** Go's crypto/rsa allows no larger exponent; a huge one makes a check as slow as signing. */
const MAX_RSA_EXPONENT = 2n ** 31n - 1n;
/** The length of an Ed25519 signature (RFC 8032 section 5.1.6). */
export const ED25519_SIGNATURE_BYTES = 64;

const CURVES: Readonly<Record<string, KeyAlgorithm>> = {
  prime256v1: "ecdsa-p256",
  secp384r1: "ecdsa-p384",
  secp521r1: "ecdsa-p521",
};

const PEM = /^\s*-----BEGIN ([A-Z0-9 ]{1,40})-----\s*([A-Za-z0-9+/=\s]+?)\s*-----END ([A-Z0-9 ]{1,40})-----\s*$/;

/** One PEM `PUBLIC KEY` block. `from` is where it was written. Throws `InputError`. */
export function parsePublicKey(pem: string, from: string): PublicKey {
  const [, label = "", body = "", end] = PEM.exec(pem) ?? [];
  if (label !== end) {
    throw new InputError("key", `${from} is not a public key: expected one PEM block "-----BEGIN PUBLIC KEY-----"`);
  }
  if (label === "CERTIFICATE") {
    throw new InputError(
      "key",
      `${from} is a certificate, not a public key: extract the key with "openssl x509 -pubkey -noout -in FILE"`,
    );
  }
  if (label.endsWith("PRIVATE KEY")) {
    throw new InputError(
      "key",
      `${from} is a private key: Assay needs only the public one, keep this where it is safe`,
    );
  }
  if (label !== "PUBLIC KEY") {
    throw new InputError("key", `${from} holds a PEM block "${label}": expected "PUBLIC KEY" (SubjectPublicKeyInfo)`);
  }
  const key = publicKeyOfSpki(Buffer.from(body, "base64"), from);
  refusePssOfOtherHash(key, from);
  return key;
}

/** Such a key could never vouch: its holder may sign with that hash alone, and no other is computed. */
function refusePssOfOtherHash({ algorithm, key }: PublicKey, from: string): void {
  if (algorithm !== "rsa-pss" || isPssOfSha256(key)) return;
  const { hashAlgorithm, mgf1HashAlgorithm } = key.asymmetricKeyDetails ?? {};
  throw new InputError(
    "key",
    `${from} is an RSA-PSS key for ${hashAlgorithm} with a mask by ${mgf1HashAlgorithm}: use one for SHA-256, or a plain RSA key`,
  );
}

/** A key for PSS alone may say which hashes it signs with (RFC 4055 section 3.1); without a word it may use any. */
function isPssOfSha256(key: KeyObject): boolean {
  const { hashAlgorithm = "sha256", mgf1HashAlgorithm = "sha256" } = key.asymmetricKeyDetails ?? {};
  return hashAlgorithm === "sha256" && mgf1HashAlgorithm === "sha256";
}

/** The bytes of a PEM `PUBLIC KEY` block, whatever they are; only good for a comparison with a key that was read. */
export function derOfPem(pem: string): Uint8Array | undefined {
  const [, label, body = "", end] = PEM.exec(pem) ?? [];
  return label === "PUBLIC KEY" && end === label ? Buffer.from(body, "base64") : undefined;
}

/** A DER SubjectPublicKeyInfo. Throws `InputError`. */
export function publicKeyOfSpki(der: Uint8Array, from: string): PublicKey {
  const key = readSpki(der, from);
  const canonical = key.export({ type: "spki", format: "der" });
  return { algorithm: algorithmOfKey(key, from), spki: digestOf(canonical), der: canonical, key };
}

function readSpki(der: Uint8Array, from: string): KeyObject {
  try {
    return createPublicKey({ key: Buffer.from(der), format: "der", type: "spki" });
  } catch (cause) {
    throw new InputError("key", `${from} is not a public key: its DER is not a SubjectPublicKeyInfo`, { cause });
  }
}

function algorithmOfKey(key: KeyObject, from: string): KeyAlgorithm {
  const { namedCurve = "", modulusLength = 0, publicExponent = 0n } = key.asymmetricKeyDetails ?? {};
  const type = key.asymmetricKeyType;
  if (type === "ed25519") return type;
  if (type === "rsa" || type === "rsa-pss") {
    checkRsa(modulusLength, publicExponent, from);
    return type;
  }
  const curve = type === "ec" ? CURVES[namedCurve] : undefined;
  if (curve !== undefined) return curve;
  const what = type === "ec" ? `on the curve ${namedCurve}` : `a ${type} key`;
  throw new InputError("key", `${from} is ${what}: use ECDSA on P-256, P-384 or P-521, RSA, or Ed25519`);
}

function checkRsa(bits: number, exponent: bigint, from: string): void {
  if (bits < MIN_RSA_BITS || bits > MAX_RSA_BITS) {
    throw new InputError("key", `${from} is RSA of ${bits} bits: use ${MIN_RSA_BITS} to ${MAX_RSA_BITS}`);
  }
  if (exponent < 3n || exponent % 2n === 0n || exponent > MAX_RSA_EXPONENT) {
    throw new InputError("key", `${from} has an RSA exponent that is even, below 3 or above 2^31-1: make a new key`);
  }
}

type Check = (key: KeyObject, message: Uint8Array, signature: Uint8Array) => boolean;

/** Of a signature in DER, which is what is taken for one where nothing else is said. */
const ecdsa =
  (hash: string): Check =>
  (key, message, signature) =>
    verify(hash, message, key, signature);

const pkcs1 =
  (hash: string): Check =>
  (key, message, signature) =>
    verify(hash, message, { key, padding: constants.RSA_PKCS1_PADDING }, signature);

/** Go's signers write the longest salt that fits, others one as long as the hash: both are PSS. */
const pss =
  (hash: string): Check =>
  (key, message, signature) =>
    hasModulusLength(key, signature) &&
    verify(
      hash,
      message,
      { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_AUTO },
      signature,
    );

/**
 * The checks a key allows; one that passes suffices. cosign hashes with SHA-256 whatever the curve, sigstore's bundles with
 * the curve's own hash, and cloud key services sign PSS with a plain RSA key. Ed25519 is the pure kind (RFC 8032 5.1):
 * cosign signs images so, and DSSE knows no other.
 */
const CHECKS: Readonly<Record<KeyAlgorithm, readonly Check[]>> = {
  "ecdsa-p256": [ecdsa("sha256")],
  "ecdsa-p384": [ecdsa("sha256"), ecdsa("sha384")],
  "ecdsa-p521": [ecdsa("sha256"), ecdsa("sha512")],
  rsa: [pkcs1("sha256"), pss("sha256")],
  "rsa-pss": [(key, message, signature) => isPssOfSha256(key) && pss("sha256")(key, message, signature)],
  ed25519: [(key, message, signature) => verify(null, message, key, signature)],
};

type HashCheck = (key: PublicKey, content: HashedBytes, signature: Uint8Array) => boolean;

const ecdsaHash =
  (curve: CurveName, algorithm: string): HashCheck =>
  (key, content, signature) =>
    isEcdsaSigned(curve, key.der, hashBytes(content, algorithm), signature);

const rsaHash =
  (check: typeof isPkcs1Signed): HashCheck =>
  (key, content, signature) =>
    check(key.key, hashBytes(content, "sha256"), signature);

/** OpenSSL opens no signature of a key that is for PSS alone, so its numbers are taken as a plain RSA key's. */
const pssKeyHash: HashCheck = ({ key, der }, content, signature) => {
  if (!isPssOfSha256(key)) return false;
  const [, numbers] = childrenOf(readDer(der), TAG.sequence);
  const plain = createPublicKey({ key: Buffer.from(octetsOfBits(numbers)), format: "der", type: "pkcs1" });
  return isPssSigned(plain, hashBytes(content, "sha256"), signature);
};

/** Empty, which no check takes for a hash, where it was not computed. */
function hashBytes(content: HashedBytes, algorithm: string): Buffer {
  return Buffer.from(hashOfContent(content, algorithm) ?? "", "hex");
}

/** The same checks for content known by its hashes. Ed25519 signs the message itself, so it cannot be checked so. */
const HASH_CHECKS: Readonly<Record<KeyAlgorithm, readonly HashCheck[]>> = {
  "ecdsa-p256": [ecdsaHash("p256", "sha256")],
  "ecdsa-p384": [ecdsaHash("p384", "sha256"), ecdsaHash("p384", "sha384")],
  "ecdsa-p521": [ecdsaHash("p521", "sha256"), ecdsaHash("p521", "sha512")],
  rsa: [rsaHash(isPkcs1Signed), rsaHash(isPssSigned)],
  "rsa-pss": [pssKeyHash],
  ed25519: [],
};

/** Whether the holder of this key signed exactly these bytes. Never throws: what cannot be read was not signed. */
export function isSignedBy(key: PublicKey, message: Content, signature: Uint8Array): boolean {
  if (message instanceof Uint8Array) {
    return CHECKS[key.algorithm].some((check) => isPassed(() => check(key.key, message, signature)));
  }
  return HASH_CHECKS[key.algorithm].some((check) => isPassed(() => check(key, message, signature)));
}

function isPassed(check: () => boolean): boolean {
  try {
    return check();
  } catch {
    return false;
  }
}
