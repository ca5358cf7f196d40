import assert from "node:assert/strict";
import { describe, test } from "node:test";

import * as fc from "fast-check";

import { Projector, wantedOf, type Projection, type Wanted } from "../../../src/crypto/json-projection.ts";
import { JsonWalk } from "../../../src/crypto/json-walk.ts";
import { parseStrictJson } from "../../../src/crypto/strict-json.ts";
import { InputError } from "../../../src/domain/errors.ts";

const HEADER = ["_type", "subject"];
const LIMITS = { header: 1000, kept: 4000 };

function project(text: string | Uint8Array, paths: readonly string[], cuts: readonly number[] = []): Projection {
  const bytes = Buffer.from(text);
  const projector = new Projector(HEADER, LIMITS);
  const walk = new JsonWalk(wantedOf([...HEADER, ...paths]), projector, { code: "signature", name: "statement" });
  const ends = [...new Set([...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length])].sort((a, b) => a - b);
  let from = 0;
  for (const end of ends) {
    walk.push(bytes.subarray(from, end));
    from = end;
  }
  return projector.finish(walk.finish());
}

/** What should be kept, of the whole value: the definition, by recursion. */
function wantedPart(value: unknown, wanted: Wanted): object {
  return Object.fromEntries(
    Object.entries(value as object).flatMap(([name, member]: [string, unknown]) => {
      const part = wanted.get(name);
      if (part === undefined) return [];
      const isObject = typeof member === "object" && member !== null && !Array.isArray(member);
      return [[name, part === true || !isObject ? member : wantedPart(member, part)]];
    }),
  );
}

function accepts(read: () => unknown): boolean {
  try {
    read();
    return true;
  } catch (error) {
    assert.ok(error instanceof InputError, String(error));
    return false;
  }
}

const NAMES = fc.constantFrom(
  "_type",
  "subject",
  "predicate",
  "a",
  "b",
  "c",
  "a.b",
  "",
  "\u20ac",
  "\u{1f600}",
  "__proto__",
);
const VALUES = fc.letrec<{ value: unknown; object: object }>((tie) => ({
  value: fc.oneof(
    { depthSize: "small" },
    fc.constantFrom(null, true, false, 0, -0.5, 1e300, "", 'a"b\\c', "\u0001\n\u2028", "\u{1f600}", "€"),
    fc.integer(),
    fc.string({ maxLength: 20 }),
    fc.array(tie("value"), { maxLength: 4 }),
    tie("object"),
  ),
  object: fc.dictionary(NAMES, tie("value"), { maxKeys: 5 }),
})).object;
const PATHS = fc.array(
  fc.array(fc.constantFrom("predicate", "a", "b", "c"), { minLength: 1, maxLength: 4 }).map((steps) => steps.join(".")),
  {
    maxLength: 4,
  },
);
const CUTS = fc.array(fc.nat(400), { maxLength: 12 });
const SPACES = fc.constantFrom(undefined, 1, "\t");

describe("a JSON text that arrives in pieces", () => {
  test("gives the parts that JSON.parse gives, however it is cut", () => {
    fc.assert(
      fc.property(VALUES, PATHS, CUTS, SPACES, (value, paths, cuts, space) => {
        const text = JSON.stringify(value, null, space);
        const { header, kept, names } = project(text, paths, cuts);
        const wanted = wantedOf([...HEADER, ...paths]);
        const expected = wantedPart(JSON.parse(text), wanted);
        assert.notEqual(kept, undefined);
        const found = { ...JSON.parse(header), ...JSON.parse(kept ?? "") } as Record<string, unknown>;
        assert.deepEqual(sorted(found), sorted(expected));
        assert.deepEqual(names.toSorted(), Object.keys(JSON.parse(text) as object).toSorted());
      }),
      { numRuns: 3000 },
    );
  });

  test("is accepted exactly where the whole is, whatever is broken in it", () => {
    const edit = fc.tuple(
      fc.nat(300),
      fc.nat(3),
      fc.constantFrom(...'{}[]",:\\u0d8e1tfn-+.E \n\u0000\u00ff'.split("")),
    );
    let refused = 0;
    fc.assert(
      fc.property(VALUES, fc.array(edit, { minLength: 0, maxLength: 3 }), CUTS, (value, edits, cuts) => {
        let text = JSON.stringify(value);
        for (const [at, gone, more] of edits) {
          const place = at % (text.length + 1);
          text = `${text.slice(0, place)}${more}${text.slice(place + gone)}`;
        }
        const bytes = Buffer.from(text, "utf8");
        const whole = accepts(() => {
          const parsed = parseStrictJson(bytes, { code: "signature", name: "statement", maxBytes: 100_000 });
          assert.ok(parsed instanceof Map || refuseNoObject());
        });
        if (!whole) refused += 1;
        assert.equal(
          accepts(() => project(bytes, ["predicate.a"], cuts)),
          whole,
          text,
        );
      }),
      { numRuns: 6000 },
    );
    assert.ok(refused > 1000, `only ${refused} of the texts were broken`);
  });

  const BROKEN: Readonly<Record<string, string | Uint8Array>> = {
    "a name twice": '{"a":1,"a":1}',
    "a name twice deep in what is not kept": '{"x":[{"y":{"a":1,"b":2,"a":3}}]}',
    "a name twice, once escaped": '{"x":{"a":1,"\\u0061":2}}',
    "a byte order mark": "\ufeff{}",
    "half a surrogate pair": '{"x":"\\ud800"}',
    "the other half": '{"x":"\\udc00"}',
    "two first halves": '{"x":"\\ud800\\ud800"}',
    "bytes that are no UTF-8": Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]),
    "UTF-8 that ends too early": Buffer.from([0x7b, 0x22, 0xe2, 0x82]),
    "a number beyond a double": '{"x":1e999}',
    "a number of more digits than any": `{"x":${"1".repeat(2000)}}`,
    "an array for the whole": "[]",
    "a text for the whole": '"a"',
    nothing: "",
    "something behind": "{}{}",
    "an end too early": '{"x":[1,2',
    "65 levels": `${'{"a":'.repeat(65)}1${"}".repeat(65)}`,
    "a comma before the end": '{"x":1,}',
    "a name of more than any length": `{"${"n".repeat(70_000)}":1}`,
    "more header than may be read": `{"subject":"${"s".repeat(2000)}"}`,
  };
  for (const [what, text] of Object.entries(BROKEN)) {
    test(`is refused with ${what}`, () => {
      for (const cuts of [[], [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]]) {
        assert.throws(() => project(text, ["x", "predicate"], cuts), InputError);
      }
    });
  }

  test("has one character where it escapes both halves of a pair, however it is cut, and none for anything else", () => {
    const cuts = Array.from({ length: 40 }, (_, at) => [at]);
    for (const cut of [[], ...cuts, cuts.flat()]) {
      const { kept, names } = project('{"\\ud83d\\ude00":1,"a":"\\uDBFF\\uDFFF"}', ["a"], cut);
      assert.deepEqual(names, ["\u{1f600}", "a"]);
      assert.deepEqual(JSON.parse(kept ?? ""), { a: "\u{10ffff}" });
      for (const half of [
        "\\ud83d x",
        "\\ud83d\\n",
        "\\ud83dxude00",
        "\\ud83d\\xde00",
        "\\ud83d\\u0041",
        "\\ude00\\ud83d",
      ]) {
        assert.throws(() => project(`{"a":"${half}"}`, ["a"], cut), /half a surrogate pair/, half);
      }
      for (const unit of ["ud800", "udbff", "udc00", "udfff"]) {
        assert.throws(() => project(`{"a":"\\${unit}"}`, ["a"], cut), /half a surrogate pair/, unit);
      }
      for (const unit of ["ud7ff", "ue000"]) {
        const text = `{"a":"\\${unit}"}`;
        assert.equal(project(text, ["a"], cut).kept, text);
      }
    }
  });

  test("may be 64 levels deep", () => {
    const text = `${'{"a":'.repeat(64)}1${"}".repeat(64)}`;
    assert.equal(project(text, ["a"]).kept, text);
  });

  test("loses what was asked for, and not its header, where that is more than may be kept", () => {
    const text = JSON.stringify({ _type: "t", predicate: { a: "x".repeat(5000), b: 1 }, subject: ["s"] });
    const { header, kept } = project(text, ["predicate"]);
    assert.equal(header, '{"_type":"t","subject":["s"]}');
    assert.equal(kept, undefined);
    assert.equal(project(text, ["predicate.b"]).kept, '{"predicate":{"b":1}}');
  });

  test("keeps an object on the way to what is not there, and a value that is none as it is", () => {
    assert.equal(project('{"a":{"b":{"x":1}}}', ["a.b.c"]).kept, '{"a":{"b":{}}}');
    assert.equal(project('{"a":{"b":[1,{"c":2}]}}', ["a.b.c"]).kept, '{"a":{"b":[1,{"c":2}]}}');
    assert.equal(project('{"a":null}', ["a.b.c"]).kept, '{"a":null}');
    assert.equal(project('{"b":1}', ["a.b.c"]).kept, "{}");
  });

  test("with more members than may be read is refused, where they stand in one object", () => {
    const members = Array.from({ length: 200_001 }, (_, at) => `"${at}":0`).join(",");
    assert.throws(() => project(`{"x":{${members}}}`, []), /more members than may be read/);
    const apart = Array.from({ length: 200_001 }, (_, at) => `{"${at}":0}`).join(",");
    assert.equal(project(`{"x":[${apart}]}`, []).kept, "{}");
  });
});

function refuseNoObject(): never {
  throw new InputError("signature", "no object");
}

function sorted(value: object): unknown {
  return Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
}
