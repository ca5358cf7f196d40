import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { describe, test } from "node:test";

import * as fc from "fast-check";

import { decodeBase64 } from "../../../src/crypto/base64.ts";
import { Base64Stream } from "../../../src/crypto/base64-stream.ts";
import { LONG_STRING, LongString } from "../../../src/crypto/long-string.ts";
import { InputError } from "../../../src/domain/errors.ts";

const CUTS = fc.array(fc.nat(400_000), { maxLength: 8 });

function inPieces(bytes: Uint8Array, cuts: readonly number[]): readonly Uint8Array[] {
  const ends = [...new Set([...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length])].sort((a, b) => a - b);
  return ends.map((end, at) => bytes.subarray(ends[at - 1] ?? 0, end));
}

function cut(text: string, cuts: readonly number[] = [], maxRest = 1000): { rest: string | undefined; long: string } {
  const pieces: Buffer[] = [];
  const reader = new LongString({ name: "envelope", maxRest, onPiece: (piece) => pieces.push(Buffer.from(piece)) });
  for (const piece of inPieces(Buffer.from(text), cuts)) reader.push(piece);
  return { rest: reader.finish("MARK")?.toString(), long: Buffer.concat(pieces).toString() };
}

const LONG = "A".repeat(LONG_STRING + 1);

test("base64 in pieces ends with its padding, wherever it is cut", () => {
  const read = (...pieces: readonly string[]): string => {
    const stream = new Base64Stream("text");
    const bytes = Buffer.concat(pieces.map((piece) => stream.push(Buffer.from(piece))));
    stream.finish();
    return bytes.toString("hex");
  };
  assert.equal(read("AAAA", "", "AA", "==", ""), "00000000");
  for (const pieces of [["AA==", "AAAA"], ["AA==", "A"], ["AA=", "=AAAA"], ["AAA"]]) {
    assert.throws(() => read(...pieces), { name: "InputError" }, pieces.join(" "));
  }
});

describe("the one long string of a JSON text", () => {
  test("is taken out, however the text is cut", () => {
    const before = fc.constantFrom("{", '{"a":"\\"b\\\\",', '{"keyid":"","c":["x","\\u0022"],', '{"\\\\":"\\\\\\"",');
    const after = fc.constantFrom("}", ',"sig":"\\"","d":{"e":"}"}}', ' , "z" : "\\\\" }\n');
    fc.assert(
      fc.property(before, after, fc.integer({ min: 1, max: 90_000 }), CUTS, (head, tail, more, cuts) => {
        const long = "B".repeat(LONG_STRING + more);
        const { rest, long: found } = cut(`${head}"payload":"${long}"${tail}`, cuts);
        assert.equal(rest, `${head}"payload":"MARK"${tail}`);
        assert.equal(found, long);
      }),
      { numRuns: 300 },
    );
  });

  test("is none where no string is longer than a payload must be", () => {
    assert.deepEqual(cut(`{"payload":"${"A".repeat(LONG_STRING)}"}`, [], 100_000), { rest: undefined, long: "" });
  });

  const REFUSED: Readonly<Record<string, string>> = {
    "a second one": `{"a":"${LONG}","b":"${LONG}"}`,
    "one that does not end": `{"a":"${LONG}`,
    "another string that does not end": `{"a":"${LONG}","b":"x`,
    "an escape where it begins": `{"a":"\\n${LONG}"}`,
    "an escape where it ends": `{"a":"${LONG}\\n"}`,
    "a longer rest than allowed": `{"a":"${LONG}","b":[${"1,".repeat(500)}1]}`,
  };
  for (const [what, text] of Object.entries(REFUSED)) {
    test(`is refused with ${what}`, () => {
      for (const cuts of [[], [1, 2, 3, 70_000]]) assert.throws(() => cut(text, cuts), InputError);
    });
  }
});

describe("base64 that arrives in pieces", () => {
  function decode(text: string, cuts: readonly number[]): Buffer {
    const stream = new Base64Stream("payload");
    const found = inPieces(Buffer.from(text, "latin1"), cuts).map((piece) => Buffer.from(stream.push(piece)));
    stream.finish();
    return Buffer.concat(found);
  }

  test("is read as the whole is, and refused where that is", () => {
    const texts = fc.oneof(
      fc.uint8Array({ maxLength: 60 }).map((bytes) => Buffer.from(bytes).toString("base64")),
      fc.string({ maxLength: 12 }),
      fc
        .tuple(fc.uint8Array({ maxLength: 20 }), fc.nat(30), fc.constantFrom(..."=-_ \n!AB".split("")))
        .map(([bytes, at, more]) => {
          const text = Buffer.from(bytes).toString("base64");
          const place = at % (text.length + 1);
          return text.slice(0, place) + more + text.slice(place);
        }),
    );
    fc.assert(
      fc.property(texts, CUTS, (text, cuts) => {
        const whole = attempt(() => Buffer.from(decodeBase64(text, "payload")));
        assert.deepEqual(
          attempt(() => decode(text, cuts)),
          whole,
          text,
        );
      }),
      { numRuns: 5000 },
    );
  });

  test("may be long", () => {
    const bytes = randomBytes(300_001);
    assert.deepEqual(decode(bytes.toString("base64"), [1, 2, 65_537, 65_539, 131_071]), bytes);
  });
});

function attempt(read: () => Buffer): Buffer | undefined {
  try {
    return read();
  } catch (error) {
    assert.ok(error instanceof InputError);
    return undefined;
  }
}
