import { constants, createPublicKey, generateKeyPairSync, sign, type KeyObject } from "node:crypto";

import { parsePublicKey, type PublicKey } from "../../../src/crypto/public-key.ts";

export type KeyKind = "p256" | "p384" | "p521" | "rsa2048" | "rsa3072" | "rsa4096" | "rsa-pss" | "ed25519";

/** A key pair with the way clients sign with it. */
export type SigningKey = {
  readonly kind: KeyKind;
  readonly privateKey: KeyObject;
  readonly pem: string;
  /** DER SubjectPublicKeyInfo. */
  readonly der: Buffer;
  readonly public: PublicKey;
  readonly sign: (message: Uint8Array, how?: "pss" | "sha384" | "sha512") => Buffer;
};

export function makeKey(kind: KeyKind = "p256"): SigningKey {
  return signingKey(kind, generate(kind));
}

function generate(kind: KeyKind): KeyObject {
  switch (kind) {
    case "p256":
      return generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey;
    case "p384":
      return generateKeyPairSync("ec", { namedCurve: "P-384" }).privateKey;
    case "p521":
      return generateKeyPairSync("ec", { namedCurve: "P-521" }).privateKey;
    case "rsa2048":
      return generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey;
    case "rsa3072":
      return generateKeyPairSync("rsa", { modulusLength: 3072 }).privateKey;
    case "rsa4096":
      return generateKeyPairSync("rsa", { modulusLength: 4096 }).privateKey;
    case "rsa-pss":
      return generateKeyPairSync("rsa-pss", { modulusLength: 2048 }).privateKey;
    case "ed25519":
      return generateKeyPairSync("ed25519").privateKey;
  }
}

function signingKey(kind: KeyKind, privateKey: KeyObject): SigningKey {
  const publicKey = createPublicKey(privateKey);
  const pem = publicKey.export({ type: "spki", format: "pem" }).toString();
  return {
    kind,
    privateKey,
    pem,
    der: publicKey.export({ type: "spki", format: "der" }),
    public: parsePublicKey(pem, "test key"),
    sign: (message, how) => {
      if (kind === "ed25519") return sign(null, message, privateKey);
      if (how !== "pss") return sign(how ?? "sha256", message, privateKey);
      const padding = constants.RSA_PKCS1_PSS_PADDING;
      return sign("sha256", message, { key: privateKey, padding, saltLength: constants.RSA_PSS_SALTLEN_MAX_SIGN });
    },
  };
}
