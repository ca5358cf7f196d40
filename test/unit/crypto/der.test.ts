import assert from "node:assert/strict";
import { describe, test } from "node:test";

import {
  booleanOf,
  childrenOf,
  integerBytes,
  oidOf,
  octetsOfBits,
  readDer,
  smallInteger,
  TAG,
  timeOf,
} from "../../../src/crypto/der.ts";
import { der, integer, oid } from "../../support/signing/der.ts";

const hex = (text: string): Buffer => Buffer.from(text.replaceAll(" ", ""), "hex");
const text = (tag: number, value: string): Buffer => der(tag, Buffer.from(value));

describe("DER", () => {
  test("reads lengths of one byte and of several", () => {
    for (const length of [0, 127, 128, 255, 256, 70_000]) {
      assert.equal(readDer(der(0x04, Buffer.alloc(length))).content.length, length);
    }
  });

  test("reads object identifiers, integers and times", () => {
    for (const name of ["1.2.840.113549.1.9.16.1.4", "2.5.29.19", "0.9.2342"]) {
      assert.equal(oidOf(readDer(oid(name))), name);
    }
    assert.equal(oidOf(readDer(hex("06 03 88 37 03"))), "2.999.3");
    for (const value of [0, 127, 128, 65_535, 2 ** 31 - 1]) assert.equal(smallInteger(readDer(integer(value))), value);
    assert.equal(timeOf(readDer(text(0x17, "491231235959Z"))), "2049-12-31T23:59:59.000Z");
    assert.equal(timeOf(readDer(text(0x17, "500101000000Z"))), "1950-01-01T00:00:00.000Z");
    assert.equal(timeOf(readDer(text(0x18, "20240229120000.123456Z"))), "2024-02-29T12:00:00.123Z");
  });

  const REFUSED: Readonly<Record<string, () => unknown>> = {
    nothing: () => readDer(hex("")),
    "a tag alone": () => readDer(hex("30")),
    "an end before its length": () => readDer(hex("04 02 00")),
    "bytes after its end": () => readDer(hex("04 01 00 00")),
    "an indefinite length": () => readDer(hex("30 80 00 00")),
    "a length in more bytes than it needs": () => readDer(hex("04 81 01 00")),
    "a length with a zero before it": () => readDer(Buffer.concat([hex("04 82 00 80"), Buffer.alloc(128)])),
    "a length beyond all memory": () => readDer(Buffer.concat([hex("04 ff"), Buffer.alloc(127, 0xff)])),
    "a length with four zeros before it": () => readDer(hex("04 85 00 00 00 00 01 00")),
    "a length of five bytes": () => readDer(hex("04 85 01 00 00 00 00 00")),
    "a tag of two bytes": () => readDer(hex("1f 81 00")),
    "a child that outgrows its parent": () => childrenOf(readDer(hex("30 02 04 05")), TAG.sequence),
    "more children than anything has": () => childrenOf(readDer(der(0x30, Buffer.alloc(600))), TAG.sequence),
    "another tag": () => childrenOf(readDer(hex("31 00")), TAG.sequence),
    "an integer of no bytes": () => integerBytes(readDer(hex("02 00"))),
    "an integer with a byte too many": () => integerBytes(readDer(hex("02 02 00 01"))),
    "a negative integer with a byte too many": () => integerBytes(readDer(hex("02 02 ff 80"))),
    "a negative integer where a count belongs": () => smallInteger(readDer(hex("02 01 ff"))),
    "an integer beyond 31 bits": () => smallInteger(readDer(hex("02 05 00 80 00 00 00"))),
    "a boolean of one": () => booleanOf(readDer(hex("01 01 01"))),
    "bits that are no bytes": () => octetsOfBits(readDer(hex("03 02 01 80"))),
    "an object identifier of no bytes": () => oidOf(readDer(hex("06 00"))),
    "an object identifier padded": () => oidOf(readDer(hex("06 03 2a 80 01"))),
    "an object identifier cut off": () => oidOf(readDer(hex("06 02 2a 81"))),
    "an object identifier without an end": () => oidOf(readDer(der(0x06, Buffer.alloc(33, 1)))),
    "a day that no calendar has": () => timeOf(readDer(text(0x18, "20230229120000Z"))),
    "a leap second": () => timeOf(readDer(text(0x18, "20161231235960Z"))),
    "a time of a zone": () => timeOf(readDer(text(0x18, "20240101000000+0100"))),
    "a time without seconds": () => timeOf(readDer(text(0x17, "2401010000Z"))),
    "a fraction that ends in zero": () => timeOf(readDer(text(0x18, "20240101000000.10Z"))),
  };
  for (const [what, read] of Object.entries(REFUSED)) {
    test(`is refused with ${what}`, () => assert.throws(read, { name: "InputError", code: "signature" }));
  }
});
