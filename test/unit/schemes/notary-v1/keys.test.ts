import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { suite, test } from "node:test";

import { canonicalMetadata } from "../../../../src/schemes/notary-v1/canonical-metadata.ts";
import { hasSigned, parseTufKey } from "../../../../src/schemes/notary-v1/tuf-key.ts";
import { parseStrictJson } from "../../../../src/crypto/strict-json.ts";
import { InputError } from "../../../../src/domain/errors.ts";
import type { JsonValue } from "../../../../src/domain/json.ts";
import { canonical } from "../../../support/signing/notary/canonical.ts";
import { makeSigner, type SignerKind } from "../../../support/signing/notary/signer.ts";

const PLACE = { code: "signature", path: "key" } as const;
const KINDS: readonly SignerKind[] = ["ecdsa", "ecdsa-x509", "ecdsa-p384", "ecdsa-p521", "rsa", "rsa-x509", "ed25519"];

function json(value: unknown): JsonValue {
  return parseStrictJson(Buffer.from(JSON.stringify(value)), { code: "json", name: "test", maxBytes: 100_000 });
}

/** A key under the id that its content has, whatever it is. */
function parse(key: {
  readonly keytype: string;
  readonly keyval: { readonly private: null; readonly public: string };
}) {
  return parseTufKey(createHash("sha256").update(canonical(key)).digest("hex"), json(key), PLACE);
}

suite("a key of trust data", () => {
  for (const kind of KINDS) {
    test(`(${kind}) is known by the hash of it and signs by its own algorithm`, () => {
      const signer = makeSigner(kind);
      const { key } = parseTufKey(signer.id, json(signer.json), PLACE);
      const signature = Buffer.from(signer.sign("text").sig, "base64");
      assert.ok(key !== undefined && hasSigned(key, Buffer.from("text"), signature));
      assert.equal(hasSigned(key, Buffer.from("other"), signature), false);
      assert.equal(hasSigned(key, Buffer.from("text"), signature.subarray(1)), false);
      assert.equal(hasSigned(key, Buffer.from("text"), new Uint8Array()), false);
    });

    test(`(${kind}) under another id is refused`, () => {
      const [one, other] = [makeSigner(kind), makeSigner(kind)];
      assert.throws(() => parseTufKey(one.id, json(other.json), PLACE), InputError);
    });

    test(`(${kind}) that is called another type never signs`, () => {
      const { json: key } = makeSigner(kind);
      const types = ["ecdsa", "ecdsa-x509", "rsa", "rsa-x509", "ed25519", "eddsa", "", "ecdsa-x509-x", "toString"];
      for (const keytype of types.filter((type) => type !== key.keytype)) {
        assert.equal(parse({ ...key, keytype }).key, undefined, keytype);
      }
    });
  }

  test("takes no ECDSA signature in the form of other schemes", () => {
    const { json: key, key: pair } = makeSigner("ecdsa");
    assert.equal(hasSigned(parse(key).key!, Buffer.from("text"), pair.sign(Buffer.from("text"))), false);
  });

  test("of an odd length, or that is no key, never signs", () => {
    const material = (bytes: Buffer): string => bytes.toString("base64");
    for (const bytes of [Buffer.alloc(31), Buffer.alloc(33), Buffer.alloc(0)]) {
      assert.equal(parse({ keytype: "ed25519", keyval: { private: null, public: material(bytes) } }).key, undefined);
    }
    for (const keytype of ["ecdsa", "rsa", "ecdsa-x509", "rsa-x509"]) {
      const keyval = { private: null, public: material(Buffer.from("garbage")) };
      assert.equal(parse({ keytype, keyval }).key, undefined, keytype);
    }
  });
});

suite("the text that signatures cover", () => {
  test("has sorted members, no spaces, and escapes of quotes and backslashes alone", () => {
    const value = json({ b: [1, -2, 0, true, null], a: 'x"\\/\u0001\n\u2028ä', "\u{1f600}": 1, "\uffee": 2 });
    assert.equal(
      canonicalMetadata(value),
      '{"a":"x\\"\\\\/\u0001\n\u2028ä","b":[1,-2,0,true,null],"\uffee":2,"\u{1f600}":1}',
    );
  });

  test("has no form for numbers that are not whole or cannot be told apart", () => {
    for (const text of ["1.5", "1e300", "9007199254740993"]) {
      const value = parseStrictJson(Buffer.from(text), { code: "json", name: "test", maxBytes: 100 });
      assert.throws(() => canonicalMetadata(value), InputError);
    }
  });
});
