import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { parseReference } from "../../../src/domain/reference.ts";
import type { SignedIdentity } from "../../../src/domain/trust.ts";
import { compileSignedIdentity } from "../../../src/schemes/signed-identity.ts";

const D = `sha256:${"a".repeat(64)}`;
const E = `sha256:${"b".repeat(64)}`;

type Row = readonly [signed: string, requested: string, accepted: boolean];

/** As containers-policy.json(5) has it: no default tag is read into a signed name. */
const ROWS: Readonly<Record<string, readonly [SignedIdentity, readonly Row[]]>> = {
  matchExact: [
    { kind: "matchExact" },
    [
      ["r.io/shop/web:1", "r.io/shop/web:1", true],
      ["docker.io/library/web:1", "web:1", true],
      ["r.io/shop/web:2", "r.io/shop/web:1", false],
      ["r.io/shop/web", "r.io/shop/web:latest", false],
      ["r.io/shop/web", "r.io/shop/web", false],
      [`r.io/shop/web@${D}`, `r.io/shop/web@${D}`, true],
      [`r.io/shop/web@${E}`, `r.io/shop/web@${D}`, false],
      ["r.io/shop/web:1", `r.io/shop/web:1@${D}`, false],
      ["R.io/shop/web:1", "r.io/shop/web:1", false],
      ["", "r.io/shop/web:1", false],
      ["r.io/shop/web:1 ", "r.io/shop/web:1", false],
    ],
  ],
  matchRepoDigestOrExact: [
    { kind: "matchRepoDigestOrExact" },
    [
      ["r.io/shop/web:1", "r.io/shop/web:1", true],
      ["r.io/shop/web:2", "r.io/shop/web:1", false],
      ["r.io/shop/web:2", `r.io/shop/web@${D}`, true],
      [`r.io/shop/web@${E}`, `r.io/shop/web@${D}`, true],
      ["r.io/shop/web", `r.io/shop/web@${D}`, false],
      ["r.io/shop/api:1", `r.io/shop/web@${D}`, false],
      ["r.io/shop/web:2", `r.io/shop/web:1@${D}`, false],
    ],
  ],
  matchRepository: [
    { kind: "matchRepository" },
    [
      ["r.io/shop/web", "r.io/shop/web:1", true],
      ["r.io/shop/web:2", "r.io/shop/web:1", true],
      ["r.io:443/shop/web", "r.io/shop/web:1", false],
      ["r.io/shop", "r.io/shop/web:1", false],
      ["localhost:5000/web", "localhost:5000/web:1", true],
    ],
  ],
  exactReference: [
    { kind: "exactReference", reference: "r.io/shop/web:1" },
    [
      ["r.io/shop/web:1", "mirror.example.com/web:9", true],
      ["r.io/shop/web", "r.io/shop/web:1", false],
      ["r.io/shop/web:2", "r.io/shop/web:1", false],
    ],
  ],
  exactRepository: [
    { kind: "exactRepository", repository: "r.io/shop/web" },
    [
      ["r.io/shop/web", "mirror.example.com/web:9", true],
      ["r.io/shop/web:7", "mirror.example.com/web:9", true],
      ["mirror.example.com/web:9", "mirror.example.com/web:9", false],
    ],
  ],
  remapIdentity: [
    { kind: "remapIdentity", prefix: "mirror.example.com/vendor", signedPrefix: "vendor.io" },
    [
      ["vendor.io/web:1", "mirror.example.com/vendor/web:1", true],
      ["mirror.example.com/vendor/web:1", "mirror.example.com/vendor/web:1", false],
      ["vendor.io/web:2", "mirror.example.com/vendor/web:1", false],
      ["vendor.io/web:2", `mirror.example.com/vendor/web@${D}`, true],
      ["mirror.example.com/vendors/web:1", "mirror.example.com/vendors/web:1", true],
      ["vendor.ios/web:1", "mirror.example.com/vendors/web:1", false],
    ],
  ],
};

for (const [name, [rule, rows]] of Object.entries(ROWS)) {
  describe(name, () => {
    const problem = compileSignedIdentity(rule);
    for (const [signed, requested, accepted] of rows) {
      test(`${accepted ? "accepts" : "refuses"} a signature of "${signed}" for "${requested}"`, () => {
        const found = problem(signed, parseReference(requested));
        assert.equal(found === undefined, accepted, found);
      });
    }
  });
}

test("a rule that names nothing exact is refused", () => {
  for (const rule of [
    { kind: "exactReference", reference: "r.io/shop/web" },
    { kind: "exactRepository", repository: "r.io/shop/web:1" },
    { kind: "remapIdentity", prefix: "", signedPrefix: "r.io" },
    { kind: "remapIdentity", prefix: "r.io/", signedPrefix: "s.io" },
  ] as const) {
    assert.throws(() => compileSignedIdentity(rule), { name: "InputError" });
  }
});
