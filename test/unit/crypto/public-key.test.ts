import assert from "node:assert/strict";
import { createPublicKey, generateKeyPairSync } from "node:crypto";
import { describe, test } from "node:test";

import { digestOf } from "../../../src/crypto/digest-of.ts";
import { derOfPem, isSignedBy, parsePublicKey } from "../../../src/crypto/public-key.ts";
import { makeKey, type KeyKind } from "../../support/signing/keys.ts";

const KINDS: readonly KeyKind[] = ["p256", "p384", "p521", "rsa2048", "rsa4096", "rsa-pss", "ed25519"];
const KEYS = KINDS.map(makeKey);
const message = Buffer.from("message");

const CERTIFICATE = "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n";

function pemOf(key: ReturnType<typeof generateKeyPairSync>["publicKey"]): string {
  return key.export({ type: "spki", format: "pem" }).toString();
}

describe("a public key", () => {
  for (const key of KEYS) {
    test(`${key.kind} is named by the sha256 of its SPKI and verifies only its own signatures`, () => {
      const parsed = parsePublicKey(key.pem, "key.pub");
      assert.equal(parsed.spki, digestOf(key.der));
      const signature = key.sign(message);
      for (const candidate of KEYS) {
        assert.equal(isSignedBy(candidate.public, message, signature), candidate === key, candidate.kind);
      }
      assert.equal(isSignedBy(parsed, Buffer.from("massage"), signature), false);
      for (const odd of [Buffer.alloc(0), signature.subarray(1), Buffer.concat([signature, Buffer.of(0)])]) {
        assert.equal(isSignedBy(parsed, message, odd), false);
      }
    });
  }

  test("has the same name whatever line ends its PEM has", () => {
    const [key] = KEYS;
    assert.equal(parsePublicKey(`\n${key!.pem.replaceAll("\n", "\r\n")}`, "key").spki, key!.public.spki);
  });

  const ec = generateKeyPairSync("ec", { namedCurve: "secp256k1" });
  const small = generateKeyPairSync("rsa", { modulusLength: 1024 });
  const x25519 = generateKeyPairSync("x25519");
  const privatePem = generateKeyPairSync("ed25519").privateKey.export({ type: "pkcs8", format: "pem" }).toString();
  const good = KEYS[0]!.pem;
  const REFUSED: Readonly<Record<string, readonly [string, RegExp]>> = {
    "a certificate": [CERTIFICATE, /certificate, not a public key.*openssl x509/],
    "a private key": [privatePem, /private key.*keep this where it is safe/],
    "an RSA key of 1024 bits": [pemOf(small.publicKey), /RSA of 1024 bits: use 2048 to 8192/],
    "a curve nobody signs images with": [pemOf(ec.publicKey), /curve secp256k1/],
    "a key that cannot sign": [pemOf(x25519.publicKey), /x25519 key/],
    "two keys in one text": [good + good, /not a public key/],
    "text before the key": [`key: ${good}`, /not a public key/],
    "no PEM": ["key", /not a public key/],
    "a block that ends as another begins": [good.replace("END PUBLIC KEY", "END CERTIFICATE"), /not a public key/],
    "another PEM block": [good.replaceAll("PUBLIC KEY", "RSA PUBLIC KEY"), /"RSA PUBLIC KEY": expected "PUBLIC KEY"/],
    "DER that is no key": ["-----BEGIN PUBLIC KEY-----\nMAA=\n-----END PUBLIC KEY-----", /not a SubjectPublicKeyInfo/],
  };
  for (const [what, [pem, why]] of Object.entries(REFUSED)) {
    test(`is not ${what}`, () => {
      assert.throws(() => parsePublicKey(pem, "key.pub"), { name: "InputError", code: "key", message: why });
    });
  }

  test("is known by its bytes from one whole block of its own kind alone", () => {
    assert.deepEqual(derOfPem(good), KEYS[0]!.der);
    assert.equal(derOfPem(good.replaceAll("PUBLIC KEY", "CERTIFICATE")), undefined);
    assert.equal(derOfPem(good.replace("BEGIN PUBLIC KEY", "BEGIN CERTIFICATE")), undefined);
    assert.equal(derOfPem(good.replace("END PUBLIC KEY", "END CERTIFICATE")), undefined);
    assert.equal(derOfPem("key"), undefined);
  });

  test("with an RSA exponent of 1, or an even one, is refused", () => {
    const n = generateKeyPairSync("rsa", { modulusLength: 2048 }).publicKey.export({ format: "jwk" }).n ?? "";
    for (const exponent of [1, 2, 4, 65_536]) {
      const e = Buffer.from(exponent.toString(16).padStart(6, "0"), "hex").toString("base64url");
      const key = createPublicKey({ key: { kty: "RSA", n, e }, format: "jwk" });
      assert.throws(() => parsePublicKey(pemOf(key), "key.pub"), { message: /RSA exponent/ }, String(exponent));
    }
  });

  test("with an RSA exponent that makes checking slow is refused", () => {
    const pair = generateKeyPairSync("rsa", { modulusLength: 2048, publicExponent: 3 });
    assert.equal(parsePublicKey(pemOf(pair.publicKey), "key").algorithm, "rsa");
    const jwk = {
      kty: "RSA",
      n: Buffer.alloc(256, 0xff).toString("base64url"),
      e: Buffer.alloc(8, 0xff).toString("base64url"),
    };
    const slow = createPublicKey({ key: jwk, format: "jwk" }).export({ type: "spki", format: "pem" }).toString();
    assert.throws(() => parsePublicKey(slow, "key.pub"), { message: /RSA exponent/ });
  });
});
