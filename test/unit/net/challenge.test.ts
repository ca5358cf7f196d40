import assert from "node:assert/strict";
import { test } from "node:test";

import * as fc from "fast-check";

import { parseChallenges } from "../../../src/net/challenge.ts";

function plain(header: string): unknown {
  return parseChallenges(header).map(({ scheme, parameters }) => [scheme, Object.fromEntries(parameters)]);
}

const ROWS: readonly (readonly [string, unknown])[] = [
  [
    'Bearer realm="https://auth.docker.io/token",service="registry.docker.io",scope="repository:a/b:pull,push"',
    [
      [
        "bearer",
        { realm: "https://auth.docker.io/token", service: "registry.docker.io", scope: "repository:a/b:pull,push" },
      ],
    ],
  ],
  ['Basic realm="Registry Realm"', [["basic", { realm: "Registry Realm" }]]],
  ["bearer REALM=token , Service = x", [["bearer", { realm: "token", service: "x" }]]],
  ['Basic realm="a\\"b\\\\c"', [["basic", { realm: 'a"b\\c' }]]],
  [
    'Negotiate, Basic realm="x"',
    [
      ["negotiate", {}],
      ["basic", { realm: "x" }],
    ],
  ],
  [
    'Negotiate YWJj=, Bearer realm="x"',
    [
      ["negotiate", {}],
      ["bearer", { realm: "x" }],
    ],
  ],
  [
    'Basic realm="x", Bearer realm="y",service="z"',
    [
      ["basic", { realm: "x" }],
      ["bearer", { realm: "y", service: "z" }],
    ],
  ],
  [', ,Basic realm="x",,', [["basic", { realm: "x" }]]],
  ['Basic realm="a,b", charset="UTF-8"', [["basic", { realm: "a,b", charset: "UTF-8" }]]],
  ['Bearer realm="x",realm="https://evil.test"', []],
  ["", []],
  ['"quoted"', []],
  ['Bearer realm="unclosed', [["bearer", {}]]],
  ["Basic", [["basic", {}]]],
];

test("reads challenges as RFC 9110 writes them", () => {
  for (const [header, expected] of ROWS) assert.deepEqual(plain(header), expected, header);
});

test("bounds length, challenges and parameters", () => {
  assert.deepEqual(parseChallenges(`Basic realm="${"x".repeat(9000)}"`), []);
  assert.equal(parseChallenges(Array.from({ length: 50 }, (_, at) => `S${at} a=b`).join(", ")).length, 8);
  const many = parseChallenges(`Bearer ${Array.from({ length: 40 }, (_, at) => `p${at}=v`).join(",")}`);
  assert.equal(many[0]?.parameters.size, 16);
});

test("reads any text in linear time without failing", () => {
  fc.assert(fc.property(fc.string({ maxLength: 2000 }), (text) => void parseChallenges(text)));
  for (const piece of ['"', "\\", " ", ",", "a=", "=", "a ", '\\"']) {
    const started = performance.now();
    parseChallenges(`Bearer a="${piece.repeat(8000 / piece.length)}`);
    assert.ok(performance.now() - started < 100, piece);
  }
});

test("reads back every parameter that is written", () => {
  const value = fc.string({ maxLength: 40 }).filter((text) => /^[\x20-\x7e]*$/.test(text));
  fc.assert(
    fc.property(value, value, (realm, service) => {
      const quote = (text: string): string => `"${text.replaceAll(/["\\]/g, "\\$&")}"`;
      assert.deepEqual(plain(`Bearer realm=${quote(realm)}, service=${quote(service)}`), [
        ["bearer", { realm, service }],
      ]);
    }),
  );
});
