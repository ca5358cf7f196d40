import assert from "node:assert/strict";
import {
  constants,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  generatePrimeSync,
  hash,
  privateEncrypt,
  randomBytes,
  sign,
  verify,
  type KeyObject,
} from "node:crypto";
import { describe, test } from "node:test";

import { childrenOf, integerBytes, readDer, TAG } from "../../../src/crypto/der.ts";
import { isEcdsaSigned, type CurveName } from "../../../src/crypto/ecdsa.ts";
import { isEnvelopeSignedBy } from "../../../src/crypto/envelope-algorithm.ts";
import { hashOfContent, RunningHashes, type HashedBytes } from "../../../src/crypto/hashed-bytes.ts";
import { isSignedBy, parsePublicKey, publicKeyOfSpki } from "../../../src/crypto/public-key.ts";
import { isPkcs1Signed, isPssSigned } from "../../../src/crypto/rsa-signature.ts";
import { integer, sequence } from "../../support/signing/der.ts";
import { makeKey, type KeyKind, type SigningKey } from "../../support/signing/keys.ts";

const MESSAGE = Buffer.from("a statement that is too long to hold");

function hashed(message: Uint8Array): HashedBytes {
  return new RunningHashes("sha256", "sha384", "sha512").update(message).finish();
}

const HOW: readonly (readonly [KeyKind, "pss" | "sha384" | "sha512" | undefined])[] = [
  ["p256", undefined],
  ["p384", undefined],
  ["p384", "sha384"],
  ["p521", undefined],
  ["p521", "sha512"],
  ["rsa2048", undefined],
  ["rsa2048", "pss"],
  ["rsa4096", undefined],
  ["rsa4096", "pss"],
  ["rsa-pss", undefined],
];

/** Two of each kind, since making one costs more than all checks. */
const KEYS = new Map(
  [...new Set(HOW.map(([kind]) => kind))].map((kind) => [kind, [makeKey(kind), makeKey(kind)] as const]),
);

function keysOf(kind: KeyKind): readonly [SigningKey, SigningKey] {
  return KEYS.get(kind) ?? [makeKey(kind), makeKey(kind)];
}

describe("signatures over content known by its hashes", () => {
  for (const [kind, how] of HOW) {
    const name = `${kind} ${how ?? "sha256"}`;

    test(`${name}: what node verifies over the bytes is verified over their hashes, and nothing that is changed`, () => {
      const [key] = keysOf(kind);
      for (let round = 0; round < 8; round += 1) {
        const message = Buffer.concat([MESSAGE, randomBytes(round)]);
        const signature = key.sign(message, how);
        assert.ok(isSignedBy(key.public, message, signature));
        assert.ok(isSignedBy(key.public, hashed(message), signature), message.toString("hex"));
        assert.ok(!isSignedBy(key.public, hashed(Buffer.concat([message, Buffer.of(0)])), signature));
        const at = randomBytes(1).readUInt8() % signature.length;
        const changed = Buffer.from(signature);
        changed[at] = (changed[at] ?? 0) ^ 0x40;
        assert.equal(isSignedBy(key.public, hashed(message), changed), isSignedBy(key.public, message, changed));
        assert.ok(!isSignedBy(key.public, hashed(message), changed));
        assert.ok(!isSignedBy(key.public, hashed(message), signature.subarray(1)));
      }
    });

    test(`${name}: another key of the kind did not make it`, () => {
      const [key, another] = keysOf(kind);
      const signature = key.sign(MESSAGE, how);
      assert.ok(!isSignedBy(another.public, hashed(MESSAGE), signature));
    });
  }

  test("a PSS salt of any length counts, as over the bytes", () => {
    const key = makeKey("rsa2048");
    for (const saltLength of [0, 1, 20, 32, 64, 222]) {
      const signature = sign("sha256", MESSAGE, { key: key.privateKey, padding: 6, saltLength });
      assert.ok(isSignedBy(key.public, MESSAGE, signature));
      assert.ok(isSignedBy(key.public, hashed(MESSAGE), signature), `salt of ${saltLength}`);
    }
  });

  test("a key for PSS with SHA-256 alone is checked as over the bytes, and one for another hash verifies nothing", () => {
    for (const [hashAlgorithm, mgf1HashAlgorithm, counts] of [
      ["sha256", "sha256", true],
      ["sha256", "sha1", false],
      ["sha512", "sha512", false],
    ] as const) {
      const pair = generateKeyPairSync("rsa-pss", {
        modulusLength: 2048,
        hashAlgorithm,
        mgf1HashAlgorithm,
      });
      const key = publicKeyOfSpki(pair.publicKey.export({ type: "spki", format: "der" }), "a key");
      const signature = sign(hashAlgorithm, MESSAGE, { key: pair.privateKey, padding: 6, saltLength: -1 });
      assert.equal(isSignedBy(key, MESSAGE, signature), counts, hashAlgorithm);
      assert.equal(isSignedBy(key, hashed(MESSAGE), signature), counts, hashAlgorithm);
      const pem = pair.publicKey.export({ type: "spki", format: "pem" }).toString();
      if (counts) assert.equal(parsePublicKey(pem, "release.pub").algorithm, "rsa-pss");
      else {
        const why = new RegExp(
          `^release.pub is an RSA-PSS key for ${hashAlgorithm} with a mask by ${mgf1HashAlgorithm}: use one`,
        );
        assert.throws(() => parsePublicKey(pem, "release.pub"), { name: "InputError", code: "key", message: why });
      }
    }
  });

  test("a hash that was not computed is no match", () => {
    const key = makeKey("p384");
    const content = new RunningHashes("sha256").update(MESSAGE).finish();
    assert.ok(!isSignedBy(key.public, content, key.sign(MESSAGE, "sha384")));
    assert.equal(hashOfContent(content, "sha384"), undefined);
    assert.equal(hashOfContent(content, "md5"), undefined);
    assert.equal(hashOfContent(MESSAGE, "md5"), undefined);
  });

  test("Ed25519 cannot be checked so, and counts for nothing", () => {
    const key = makeKey("ed25519");
    assert.ok(!isSignedBy(key.public, hashed(MESSAGE), key.sign(MESSAGE)));
  });
});

const ORDERS: Readonly<Record<CurveName, bigint>> = {
  p256: 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n,
  p384: 0xffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973n,
  p521: 0x01fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffa51868783bf2f966b7fcc0148f709a5d03bb5c9b8899c47aebb6fb71e91386409n,
};

function derInteger(value: bigint): Buffer {
  const hex = value.toString(16);
  const bytes = Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, "hex");
  const body = (bytes[0] ?? 0) >= 0x80 ? Buffer.concat([Buffer.of(0), bytes]) : bytes;
  return Buffer.concat([Buffer.of(2, body.length), body]);
}

describe("ECDSA over a hash at its edges", () => {
  const digest = hash("sha256", MESSAGE, "buffer");

  for (const curve of ["p256", "p384", "p521"] as const) {
    const n = ORDERS[curve];
    const { der } = makeKey(curve);

    test(`${curve}: r and s of 0, of the order and beyond are refused`, () => {
      for (const r of [0n, 1n, n - 1n, n, n + 1n])
        for (const s of [0n, n, n + 1n]) {
          assert.ok(!isEcdsaSigned(curve, der, digest, sequence(derInteger(r), derInteger(s))), `${r} ${s}`);
          assert.ok(!isEcdsaSigned(curve, der, digest, sequence(derInteger(s), derInteger(r))), `${s} ${r}`);
        }
    });

    test(`${curve}: small values make no signature`, () => {
      for (const r of [1n, 2n, n - 1n, n - 2n])
        for (const s of [1n, 2n, n - 1n]) {
          assert.ok(!isEcdsaSigned(curve, der, digest, sequence(derInteger(r), derInteger(s))));
        }
    });

    test(`${curve}: the same point twice is doubled, and a point and its opposite are nothing`, () => {
      // With the generator as the key and z = ±r both products are the same point, or opposite ones.
      const generator = generatorKey(curve);
      const r = numberOf(generator.x) % n;
      const width = curve === "p521" ? 65 : generator.x.length;
      const z = Buffer.from(r.toString(16).padStart(width * 2, "0"), "hex");
      if (z.length * 8 <= n.toString(2).length) {
        const s = (2n * r) % n;
        // (z + r) / s = 1, so the sum is the generator itself, whose x is r.
        assert.ok(isEcdsaSigned(curve, generator.spki, z, sequence(derInteger(r), derInteger(s))));
      }
      const opposite = Buffer.from((n - r).toString(16).padStart(width * 2, "0"), "hex");
      if (opposite.length * 8 <= n.toString(2).length) {
        assert.ok(!isEcdsaSigned(curve, generator.spki, opposite, sequence(derInteger(r), derInteger(5n))));
      }
    });
  }

  test("a key that is not on the curve verifies nothing", () => {
    const key = makeKey("p256");
    const signature = key.sign(MESSAGE);
    const off = Buffer.from(key.der);
    off[off.length - 1] = (off.at(-1) ?? 0) ^ 1;
    assert.ok(isEcdsaSigned("p256", key.der, digest, signature));
    assert.ok(!isEcdsaSigned("p256", off, digest, signature));
  });

  for (const curve of ["p256", "p384", "p521"] as const) {
    test(`${curve}: the order added to a number of a good signature makes it no other good one`, () => {
      const key = makeKey(curve);
      const [r = 0n, s = 0n] = numbersOf(key.sign(MESSAGE));
      const n = ORDERS[curve];
      assert.ok(isEcdsaSigned(curve, key.der, digest, sequence(derInteger(r), derInteger(s))));
      assert.ok(!isEcdsaSigned(curve, key.der, digest, sequence(derInteger(r), derInteger(s + n))));
      assert.ok(!isEcdsaSigned(curve, key.der, digest, sequence(derInteger(r + n), derInteger(s))));
    });
  }

  test("a key is taken only as the two coordinates of a point on the curve, each below the field's prime", () => {
    const { x, y } = coordinatesOf(generatorKey("p521").spki, 66);
    const p = 2n ** 521n - 1n;
    const bytes = (value: bigint): Buffer => Buffer.from(value.toString(16).padStart(132, "0"), "hex");
    // Of the hash 0 the signature (x, x) is good for whatever key has this x, so only the reading of the key can refuse it.
    const isTaken = (lead: number, ...coordinates: readonly bigint[]): boolean =>
      isEcdsaSigned(
        "p521",
        Buffer.concat([Buffer.of(lead), ...coordinates.map(bytes)]),
        Buffer.alloc(32),
        sequence(derInteger(x), derInteger(x)),
      );
    assert.ok(isTaken(4, x, y));
    assert.ok(!isTaken(4, x, y + 1n), "off the curve");
    assert.ok(!isTaken(4, x + p, y), "x beyond the prime");
    assert.ok(!isTaken(4, x, y + p), "y beyond the prime");
    assert.ok(!isTaken(5, x, y), "another form of point");
  });

  test("a signature in another encoding of the same numbers is refused, as by OpenSSL", () => {
    const key = makeKey("p256");
    const signature = key.sign(MESSAGE);
    const padded = Buffer.concat([signature, Buffer.of(0)]);
    const third = sequence(signature.subarray(2), integer(1));
    for (const each of [padded, third, Buffer.alloc(0), Buffer.from("3000", "hex")]) {
      assert.ok(!isSignedBy(key.public, hashed(MESSAGE), each));
      assert.ok(!isSignedBy(key.public, MESSAGE, each));
    }
  });
});

function numberOf(bytes: Uint8Array): bigint {
  return BigInt(`0x${Buffer.from(bytes).toString("hex")}`);
}

function numbersOf(signature: Uint8Array): readonly bigint[] {
  return childrenOf(readDer(signature), TAG.sequence).map((part) => numberOf(integerBytes(part)));
}

function coordinatesOf(spki: Buffer, size: number): { readonly x: bigint; readonly y: bigint } {
  return { x: numberOf(spki.subarray(-2 * size, -size)), y: numberOf(spki.subarray(-size)) };
}

/** OpenSSL makes no key of an odd number of bits, and reads every one. */
function rsaOf(bits: number): KeyObject {
  const [p, q] = [Math.ceil(bits / 2), Math.floor(bits / 2)].map((size) => generatePrimeSync(size, { bigint: true }));
  if (p === undefined || q === undefined || p === q) return rsaOf(bits);
  const [e, order] = [65_537n, (p - 1n) * (q - 1n)];
  if (order % e === 0n) return rsaOf(bits);
  const d = inverseOf(e, order);
  const numbers = { n: p * q, e, d, p, q, dp: d % (p - 1n), dq: d % (q - 1n), qi: inverseOf(q, p) };
  const text = (value: bigint): string => {
    const hex = value.toString(16);
    return Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, "hex").toString("base64url");
  };
  const members = Object.entries(numbers).map(([name, value]) => [name, text(value)]);
  return createPrivateKey({ key: { kty: "RSA", ...Object.fromEntries(members) }, format: "jwk" });
}

/** By Euclid's algorithm. */
function inverseOf(value: bigint, modulus: bigint): bigint {
  let [low, high, x, y] = [value % modulus, modulus, 1n, 0n];
  while (low > 1n) [low, high, x, y] = [high % low, low, y - (high / low) * x, x];
  return ((x % modulus) + modulus) % modulus;
}

/** What a broken PSS encoding has in the place of what belongs there. */
type PssFault = { readonly separator?: number; readonly trailer?: number; readonly top?: number };

/** EMSA-PSS (RFC 8017 section 9.1.1) with a salt of 32 bytes, as long as the modulus. */
function pssEncoding(digest: Uint8Array, bits: number, { separator = 1, trailer = 0xbc, top = 0 }: PssFault): Buffer {
  const size = Math.ceil(bits / 8);
  const salt = randomBytes(32);
  const check = hash("sha256", Buffer.concat([Buffer.alloc(8), digest, salt]), "buffer");
  const block = Buffer.concat([Buffer.alloc(size - 66), Buffer.of(separator), salt]);
  const masks = Array.from({ length: Math.ceil(block.length / 32) }, (_, at) =>
    hash("sha256", Buffer.concat([check, Buffer.of(0, 0, 0, at)]), "buffer"),
  );
  const mask = Buffer.concat(masks);
  const masked = Buffer.from(block.map((byte, at) => byte ^ (mask[at] ?? 0)));
  masked[0] = (masked[0] ?? 0) & (0xff >> (8 * size - bits));
  const encoding = Buffer.concat([masked, check, Buffer.of(trailer)]);
  const whole = Buffer.concat([Buffer.alloc(Math.ceil((bits + 1) / 8) - size), encoding]);
  whole[0] = (whole[0] ?? 0) | top;
  return whole;
}

describe("RSA over a hash at its edges", () => {
  const digest = hash("sha256", MESSAGE, "buffer");

  /** By a number above it, which the private key cannot be applied to, another salt is tried. */
  const forge = (key: KeyObject, bits: number, fault: PssFault = {}): Buffer => {
    const modulus = Buffer.from(key.export({ format: "jwk" }).n ?? "", "base64url");
    let encoding = pssEncoding(digest, bits - 1, fault);
    while (Buffer.compare(encoding, modulus) >= 0) encoding = pssEncoding(digest, bits - 1, fault);
    return privateEncrypt({ key, padding: constants.RSA_NO_PADDING }, encoding);
  };

  for (const [bits, above] of [
    [2048, 0x80],
    [2049, 0x01],
    [2050, 0x02],
  ] as const) {
    test(`a key of ${bits} bits: a PSS encoding counts as OpenSSL counts it, whole, and with no one part of it changed`, () => {
      const privateKey = rsaOf(bits);
      const publicKey = createPublicKey(privateKey);
      assert.equal(publicKey.asymmetricKeyDetails?.modulusLength, bits);
      const byOpenSsl = (signature: Uint8Array): boolean =>
        verify("sha256", MESSAGE, { key: publicKey, padding: constants.RSA_PKCS1_PSS_PADDING }, signature);
      const good = forge(privateKey, bits);
      assert.ok(byOpenSsl(good));
      assert.ok(isPssSigned(publicKey, digest, good));
      for (const fault of [{ separator: 2 }, { separator: 0 }, { trailer: 0xcc }, { top: above }]) {
        const bad = forge(privateKey, bits, fault);
        assert.ok(!byOpenSsl(bad), JSON.stringify(fault));
        assert.ok(!isPssSigned(publicKey, digest, bad), JSON.stringify(fault));
      }
    });
  }

  test("a signature without its leading zero is refused, over the bytes and over their hash", () => {
    const [key] = keysOf("rsa2048");
    for (const [how, isSigned] of [
      [undefined, isPkcs1Signed],
      ["pss", isPssSigned],
    ] as const) {
      let round = 0;
      let message = MESSAGE;
      let signature = key.sign(message, how);
      while (signature[0] !== 0) {
        message = Buffer.concat([MESSAGE, Buffer.from(String((round += 1)))]);
        signature = key.sign(message, how);
      }
      const of = hash("sha256", message, "buffer");
      assert.ok(isSigned(key.public.key, of, signature));
      assert.ok(!isSigned(key.public.key, of, signature.subarray(1)));
      assert.ok(!isSignedBy(key.public, message, signature.subarray(1)));
      assert.equal(isEnvelopeSignedBy(key.public, message, signature), how === "pss");
      assert.ok(!isEnvelopeSignedBy(key.public, message, signature.subarray(1)));
    }
  });

  test("a hash of another length is no hash", () => {
    const [key] = keysOf("rsa2048");
    for (const length of [0, 31, 33, 48]) {
      const signature = privateEncrypt(key.privateKey, Buffer.alloc(length));
      assert.ok(!isPkcs1Signed(key.public.key, Buffer.alloc(length), signature));
      assert.ok(!isPssSigned(key.public.key, Buffer.alloc(length), key.sign(MESSAGE, "pss")));
    }
  });
});

/** The key whose private half is 1. */
function generatorKey(curve: CurveName): { readonly spki: Buffer; readonly x: Buffer } {
  const name = { p256: "P-256", p384: "P-384", p521: "P-521" }[curve];
  const x = { p256: 32, p384: 48, p521: 66 }[curve];
  const key: KeyObject = createPublicKey({ key: { kty: "EC", crv: name, ...pointOf(curve, x) }, format: "jwk" });
  const spki = key.export({ type: "spki", format: "der" });
  publicKeyOfSpki(spki, "the generator");
  return { spki, x: spki.subarray(-2 * x, -x) };
}

function pointOf(curve: CurveName, size: number): { readonly x: string; readonly y: string } {
  const points: Readonly<Record<CurveName, readonly [string, string]>> = {
    p256: [
      "6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296",
      "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5",
    ],
    p384: [
      "aa87ca22be8b05378eb1c71ef320ad746e1d3b628ba79b9859f741e082542a385502f25dbf55296c3a545e3872760ab7",
      "3617de4a96262c6f5d9e98bf9292dc29f8f41dbd289a147ce9da3113b5f0b8c00a60b1ce1d7e819d7a431d7c90ea0e5f",
    ],
    p521: [
      "c6858e06b70404e9cd9e3ecb662395b4429c648139053fb521f828af606b4d3dbaa14b5e77efe75928fe1dc127a2ffa8de3348b3c1856a429bf97e7e31c2e5bd66",
      "11839296a789a3bc0045c8a5fb42c7d1bd998f54449579b446817afbd17273e662c97ee72995ef42640c550b9013fad0761353c7086a272c24088be94769fd16650",
    ],
  };
  const [x, y] = points[curve].map((hex) => Buffer.from(hex.padStart(size * 2, "0"), "hex").toString("base64url"));
  return { x: x ?? "", y: y ?? "" };
}
