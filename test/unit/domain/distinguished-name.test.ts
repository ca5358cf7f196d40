import assert from "node:assert/strict";
import { describe, test } from "node:test";

import * as fc from "fast-check";

import {
  ATTRIBUTE_TYPES,
  formatDistinguishedName,
  parseDistinguishedName,
} from "../../../src/domain/distinguished-name.ts";
import { InputError } from "../../../src/domain/errors.ts";
import { identitiesProblem, parseX509Identity } from "../../../src/domain/x509-identity.ts";

const parsed = (text: string): readonly (readonly [string, string])[] =>
  parseDistinguishedName(text).map(({ type, value }) => [type, value]);

describe("a distinguished name", () => {
  const READ: readonly (readonly [string, readonly (readonly [string, string])[]])[] = [
    [
      "C=US,ST=WA,O=acme",
      [
        ["C", "US"],
        ["ST", "WA"],
        ["O", "acme"],
      ],
    ],
    [
      " c = US ; S= WA ;O=acme ",
      [
        ["C", "US"],
        ["ST", "WA"],
        ["O", "acme"],
      ],
    ],
    ["O=acme\\, Inc.", [["O", "acme, Inc."]]],
    ['O=a\\;b\\\\c\\+d\\"e\\<f\\>g\\=h\\#i', [["O", 'a;b\\c+d"e<f>g=h#i']]],
    ["O=\\ acme\\ ", [["O", " acme "]]],
    ["O=acme\\\\ ", [["O", "acme\\"]]],
    ["O=\\C3\\89t\\c3\\a9", [["O", "Été"]]],
    ["O=a=b", [["O", "a=b"]]],
    ["O=\\#acme", [["O", "#acme"]]],
    [
      "2.5.4.10=acme,1.2.3.4=x",
      [
        ["O", "acme"],
        ["1.2.3.4", "x"],
      ],
    ],
  ];
  for (const [text, expected] of READ) test(`is read: ${text}`, () => assert.deepEqual(parsed(text), expected));

  const REFUSED: readonly (readonly [string, RegExp])[] = [
    ["", /part without =/],
    ["C=US,", /part without =/],
    ["C", /part without =/],
    ["C=", /empty C/],
    ["C= ,O=a", /empty C/],
    ["X=1", /unknown attribute/],
    ["=US", /unknown attribute/],
    ["C=#0403020101", /begins with "#"/],
    ["C=US,O=  #00", /begins with "#"/],
    ["C=US+O=acme", /must be escaped/],
    ['O="acme"', /must be escaped/],
    ["O=acme\\", /must be escaped/],
    ["O=acme\\q", /must be escaped/],
    ["O=a\nb", /must be escaped/],
    ["O=\\ff", /not UTF-8/],
    [`O=${"a".repeat(5000)}`, /longer than 4096/],
  ];
  for (const [text, expected] of REFUSED) {
    test(`is refused: ${JSON.stringify(text.slice(0, 20))}`, () => {
      assert.throws(
        () => parseDistinguishedName(text),
        (error) => error instanceof InputError && expected.test(error.message),
      );
    });
  }

  test("that is written is read as it was", () => {
    const attribute = fc.record(
      {
        type: fc.constantFrom(...ATTRIBUTE_TYPES.values(), "1.2.3.4"),
        value: fc.string({ minLength: 1, maxLength: 12, unit: "binary" }),
      },
      { noNullPrototype: true },
    );
    fc.assert(
      fc.property(fc.array(attribute, { minLength: 1, maxLength: 5 }), (attributes) => {
        const text = formatDistinguishedName(attributes.map((each) => [each]));
        assert.deepEqual(parseDistinguishedName(text), attributes.toReversed());
      }),
      { examples: [[[{ type: "CN", value: "\u0080\u0000\u009f" }]]] },
    );
  });

  test("that is hostile costs no time and no memory", () => {
    for (const text of [
      "O=#".repeat(1300),
      `O=${"\\ ".repeat(2000)}\\`,
      `O=${" ".repeat(4000)}<`,
      ",".repeat(4000),
      "O=#ffffffff",
    ]) {
      const before = performance.now();
      assert.throws(() => parseDistinguishedName(text), InputError);
      assert.ok(performance.now() - before < 100, text.slice(0, 20));
    }
  });
});

describe("a trusted identity", () => {
  const REFUSED: readonly (readonly [string, RegExp])[] = [
    ["", /neither \* nor/],
    ["x509.subject CN=a", /neither \* nor/],
    ["x509.issuer: C=US, ST=WA, O=a", /neither \* nor/],
    ["x509.subject:", /part without =/],
    ["x509.subject: ST=WA, O=a", /no C/],
    ["x509.subject: C=US, O=a", /no ST/],
    ["x509.subject: C=US, ST=WA", /no O/],
    ["x509.subject: C=US, ST=WA, O=a, O=b", /has O twice/],
    ["x509.subject: C=US, ST=WA, S=WA, O=b", /has ST twice/],
    ["x509.subject: C=US, ST=WA, O=#04", /begins with "#"/],
  ];
  for (const [text, expected] of REFUSED) {
    test(`is refused: ${text}`, () => assert.throws(() => parseX509Identity(text), expected));
  }

  const base = "x509.subject: C=US, ST=WA, O=acme";
  test("overlaps with one that says more or the same", () => {
    assert.match(identitiesProblem([base, `${base}, OU=x`]) ?? "", /overlapping/);
    assert.match(identitiesProblem([`${base}, OU=x`, base]) ?? "", /overlapping/);
    assert.match(identitiesProblem([base, "x509.subject: O=acme, S=WA, C=US"]) ?? "", /overlapping/);
    assert.equal(identitiesProblem([`${base}, OU=x`, `${base}, OU=y`]), undefined);
    assert.equal(identitiesProblem(["*"]), undefined);
  });
});
