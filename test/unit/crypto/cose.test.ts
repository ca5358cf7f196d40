import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { parseCoseSign1 } from "../../../src/crypto/cose.ts";
import { InputError } from "../../../src/domain/errors.ts";
import { cbor, pairs, RawCbor, Tagged } from "../../support/signing/cbor.ts";

const BODY = cbor(new Map([[1, -7]]));
const bytes = (hex: string): RawCbor => new RawCbor(Buffer.from(hex, "hex"));
const sign1 = (...parts: readonly unknown[]): Buffer => cbor(new Tagged(18, parts));
const PARTS = [BODY, new Map([[33, [Buffer.of(1)]]]), Buffer.from("payload"), Buffer.from("signature")] as const;

describe("a COSE_Sign1", () => {
  test("is read, and what is signed is its headers and payload under its context", () => {
    const cose = parseCoseSign1(sign1(...PARTS), 1000);
    assert.deepEqual(Buffer.from(cose.message), cbor(["Signature1", BODY, Buffer.alloc(0), Buffer.from("payload")]));
    assert.deepEqual([cose.protectedHeader.get(1), Buffer.from(cose.signature).toString()], [-7, "signature"]);
  });

  const [body, unprotected, payload, signature] = PARTS;
  const REFUSED: readonly (readonly [string, Buffer])[] = [
    ["nothing", Buffer.alloc(0)],
    ["no tag", cbor([...PARTS])],
    ["another tag", cbor(new Tagged(98, PARTS))],
    ["the tag of a time", cbor(new Tagged(1, PARTS))],
    ["a tag in a tag", cbor(new Tagged(18, new Tagged(18, PARTS)))],
    ["three parts", sign1(body, unprotected, payload)],
    ["five parts", sign1(...PARTS, 1)],
    ["no payload", sign1(body, unprotected, null, signature)],
    ["a header that is no byte string", sign1(new Map([[1, -7]]), unprotected, payload, signature)],
    ["a header that is no map", sign1(cbor([1]), unprotected, payload, signature)],
    ["an empty header", sign1(Buffer.alloc(0), unprotected, payload, signature)],
    [
      "a header with a key twice",
      sign1(
        pairs([
          [1, -7],
          [1, -35],
        ]),
        unprotected,
        payload,
        signature,
      ),
    ],
    [
      "an unsigned header with a key twice",
      sign1(
        body,
        new RawCbor(
          pairs([
            [33, 1],
            [33, 2],
          ]),
        ),
        payload,
        signature,
      ),
    ],
    ["a name in both headers", sign1(body, new Map([[1, -7]]), payload, signature)],
    ["a name that is a list", sign1(cbor(new Map([[[1], 1]])), unprotected, payload, signature)],
    ["a name that is a fraction", sign1(Buffer.from("a1f93e0001", "hex"), unprotected, payload, signature)],
    [
      "an unknown tag",
      sign1(cbor(new Map<unknown, unknown>([[1, new Tagged(2, Buffer.of(1))]])), unprotected, payload, signature),
    ],
    ["bytes after its end", Buffer.concat([sign1(...PARTS), Buffer.of(0)])],
    ["bytes after its header", sign1(Buffer.concat([body, Buffer.of(0)]), unprotected, payload, signature)],
    ["a list without a length", cbor(new Tagged(18, bytes("9f40a04040ff")))],
    ["a text in pieces", sign1(body, new RawCbor(Buffer.from("a17f6161ff01", "hex")), payload, signature)],
    ["a number that is not the shortest", sign1(Buffer.from("a1180120", "hex"), unprotected, payload, signature)],
    ["a length that is not the shortest", cbor(new Tagged(18, bytes("9804 4141 a0 41 41 4141".replaceAll(" ", ""))))],
    ["undefined", sign1(Buffer.from("a101f7", "hex"), unprotected, payload, signature)],
    ["a number that is none", sign1(Buffer.from("a101f97e00", "hex"), unprotected, payload, signature)],
    ["lists in lists without end", Buffer.concat([Buffer.of(0xd2), Buffer.alloc(100_000, 0x81)])],
    [
      "more depth than any envelope",
      sign1(
        body,
        new Map([[5, Array.from({ length: 40 }).reduce<unknown>((inner) => [inner], 1)]]),
        payload,
        signature,
      ),
    ],
    ["a list longer than its bytes", Buffer.from("d29a7fffffff", "hex")],
    ["more bytes than allowed", sign1(body, unprotected, Buffer.alloc(2000), signature)],
  ];
  for (const [name, envelope] of REFUSED) {
    test(`is refused with ${name}`, () =>
      assert.throws(() => parseCoseSign1(envelope, envelope.length > 90_000 ? 200_000 : 1000), InputError));
  }
});
