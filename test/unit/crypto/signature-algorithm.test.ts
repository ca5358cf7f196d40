import assert from "node:assert/strict";
import { generateKeyPairSync, sign } from "node:crypto";
import { describe, test } from "node:test";

import { readDer, type DerValue } from "../../../src/crypto/der.ts";
import { publicKeyOfSpki } from "../../../src/crypto/public-key.ts";
import { algorithmOid, hashAlgorithmOf, isSignedWith } from "../../../src/crypto/signature-algorithm.ts";
import { der, integer, oid, sequence } from "../../support/signing/der.ts";
import { makeKey } from "../../support/signing/keys.ts";

const MESSAGE = Buffer.from("the signed part of a certificate");
const SHA256 = "2.16.840.1.101.3.4.2.1";
const RSA = "1.2.840.113549.1.1.1";
const RSA_SHA256 = "1.2.840.113549.1.1.11";
const ECDSA_SHA256 = "1.2.840.10045.4.3.2";
const ED25519 = "1.3.101.112";

const algorithm = (name: string, ...parameters: readonly Uint8Array[]): DerValue =>
  readDer(sequence(oid(name), ...parameters));
const NULL = der(0x05);

describe("an algorithm identifier", () => {
  test("may have NULL for its parameters, or none", () => {
    assert.equal(algorithmOid(algorithm(SHA256)), SHA256);
    assert.equal(hashAlgorithmOf(algorithm(SHA256, NULL)), "sha256");
    assert.equal(hashAlgorithmOf(algorithm("1.3.14.3.2.26")), undefined);
  });

  test("is refused with other parameters, and with anything behind them", () => {
    for (const parameters of [[integer(1)], [NULL, NULL], [integer(1), NULL]]) {
      assert.throws(() => algorithmOid(algorithm(SHA256, ...parameters)), {
        name: "InputError",
        message: /parameters/,
      });
    }
  });
});

describe("a signature under a named algorithm", () => {
  const [ec, rsa, ed] = [makeKey("p256"), makeKey("rsa2048"), makeKey("ed25519")];

  test("counts for a key of that kind alone, whoever made it", () => {
    for (const key of [ec, rsa, ed]) {
      const signed = { message: MESSAGE, signature: key.sign(MESSAGE) };
      const own = { [ec.kind]: ECDSA_SHA256, [rsa.kind]: RSA_SHA256, [ed.kind]: ED25519 }[key.kind];
      for (const name of [ECDSA_SHA256, RSA_SHA256, ED25519]) {
        assert.equal(isSignedWith(algorithm(name), key.public, signed), name === own, `${key.kind} ${name}`);
      }
      const other = { ...signed, message: Buffer.from("another") };
      assert.ok(!isSignedWith(algorithm(own ?? ""), key.public, other));
    }
  });

  test("of RSA without a hash counts by the hash that is named beside it, and not without one", () => {
    const signed = { message: MESSAGE, signature: rsa.sign(MESSAGE) };
    assert.ok(isSignedWith(algorithm(RSA, NULL), rsa.public, signed, "sha256"));
    assert.ok(!isSignedWith(algorithm(RSA, NULL), rsa.public, signed, "sha512"));
    assert.ok(!isSignedWith(algorithm(RSA, NULL), rsa.public, signed));
    const other = { ...signed, message: Buffer.from("another") };
    assert.ok(!isSignedWith(algorithm(RSA, NULL), rsa.public, other, "sha256"));
  });

  test("does not count for a key that is for PSS alone", () => {
    const { publicKey, privateKey } = generateKeyPairSync("rsa-pss", { modulusLength: 2048 });
    const key = publicKeyOfSpki(publicKey.export({ type: "spki", format: "der" }), "a key for PSS");
    const signed = { message: MESSAGE, signature: sign("sha256", MESSAGE, privateKey) };
    assert.ok(!isSignedWith(algorithm(RSA_SHA256), key, signed));
    assert.ok(!isSignedWith(algorithm(RSA), key, signed, "sha256"));
  });

  test("does not count under an algorithm that is not allowed", () => {
    const signed = { message: MESSAGE, signature: sign("sha1", MESSAGE, rsa.privateKey) };
    assert.ok(!isSignedWith(algorithm("1.2.840.113549.1.1.5"), rsa.public, signed));
  });
});
