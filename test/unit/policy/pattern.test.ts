import assert from "node:assert/strict";
import { suite, test } from "node:test";

import * as fc from "fast-check";

import { InputError } from "../../../src/domain/errors.ts";
import { matchesGlob, matchesSegments } from "../../../src/policy/glob.ts";
import { matchesPattern, parseImagePattern, patternWarning } from "../../../src/policy/pattern.ts";
import { repository } from "../../support/policy-facts.ts";

type Row = { readonly pattern: string; readonly yes: readonly string[]; readonly no: readonly string[] };

const TABLE: readonly Row[] = [
  {
    pattern: "registry.example.com:5000/prod/**",
    yes: ["registry.example.com:5000/prod/web", "registry.example.com:05000/prod/web"],
    no: ["registry.example.com:50000/prod/web", "registry.example.com:500/prod/web", "registry.example.com/prod/web"],
  },
  {
    pattern: "registry.example.com/prod/**",
    yes: [
      "registry.example.com/prod/web",
      "registry.example.com/prod/a/b/c",
      "REGISTRY.Example.com/prod/web",
      "registry.example.com:443/prod/web",
    ],
    no: [
      "registry.example.com/prod",
      "registry.example.com/production/web",
      "registry.example.com/dev/prod/web",
      "registry.example.com:5000/prod/web",
      "registry.example.com.evil.net/prod/web",
      "evil.net/registry.example.com/prod/web",
      "evilregistry.example.com/prod/web",
    ],
  },
  {
    pattern: "registry.example.com/prod/*",
    yes: ["registry.example.com/prod/web"],
    no: ["registry.example.com/prod", "registry.example.com/prod/a/b"],
  },
  {
    pattern: "*.registry.example.com/org/*",
    yes: ["eu.registry.example.com/org/web"],
    no: [
      "registry.example.com/org/web",
      "a.b.registry.example.com/org/web",
      "evil.net/x.registry.example.com/org/web",
      "evil.net/eu.registry.example.com/org/web",
      "eu.registry.example.com.evil.net/org/web",
    ],
  },
  {
    pattern: "prod-*.example.com:5000/**",
    yes: ["prod-eu.example.com:5000/web"],
    no: ["prod-eu.example.com/web", "prod-eu.x.example.com:5000/web", "prodeu.example.com:5000/web"],
  },
  {
    pattern: "registry.example.com/prod*",
    yes: ["registry.example.com/prod", "registry.example.com/production", "registry.example.com/prod-evil"],
    no: ["registry.example.com/prod/web", "registry.example.com/preprod"],
  },
  {
    pattern: "registry.example.com/**/web",
    yes: ["registry.example.com/web", "registry.example.com/a/web", "registry.example.com/a/b/web"],
    no: ["registry.example.com/a/web/x", "registry.example.com/aweb"],
  },
  {
    pattern: "registry.example.com/a/**/z*/b",
    yes: ["registry.example.com/a/z/b", "registry.example.com/a/q/zz/b"],
    no: ["registry.example.com/a/b", "registry.example.com/a/z/q/b"],
  },
  {
    pattern: "docker.io/library/nginx",
    yes: ["docker.io/library/nginx"],
    no: ["docker.io/library/nginx2", "docker.io/evil/nginx", "docker.io/library/nginx/x"],
  },
  { pattern: "index.docker.io/acme/web", yes: ["docker.io/acme/web"], no: ["index.example.io/acme/web"] },
  {
    pattern: "localhost:5000/web-*-api",
    yes: ["localhost:5000/web-shop-api", "localhost:5000/web--api"],
    no: ["localhost/web-shop-api", "localhost:5000/web-api"],
  },
  { pattern: "[::1]:5000/**", yes: ["[::1]:5000/web"], no: ["[::2]:5000/web"] },
  { pattern: "**", yes: ["docker.io/library/nginx", "localhost:5000/a/b/c"], no: [] },
];

function repositoryOf(text: string) {
  const slash = text.indexOf("/");
  return repository(text.slice(0, slash), text.slice(slash + 1));
}

suite("image patterns", () => {
  for (const { pattern, yes, no } of TABLE) {
    test(`${pattern} matches what it says and no more`, () => {
      const parsed = parseImagePattern(pattern);
      const matched = [...yes, ...no].filter((text) => matchesPattern(parsed, repositoryOf(text)));
      assert.deepEqual(matched, yes);
    });
  }

  const REFUSED: readonly (readonly [string, RegExp])[] = [
    ["nginx", /names no host: write the registry too, such as docker\.io\/library\/nginx/],
    ["acme/web", /names no host: write the registry too, such as docker\.io\/acme\/web/],
    ["prod/**", /names no host/],
    ["*", /could be anyone's/],
    ["*/**", /could be anyone's/],
    ["**/web", /could be anyone's/],
    ["*.com/web", /last two labels/],
    ["*example.com/web", /last two labels/],
    ["registry.*/web", /last two labels/],
    ["registry.example.*/web", /last two labels/],
    ["**.example.com/web", /\*\* in the host/],
    ["registry.example.com", /names no repository: write registry\.example\.com\/\*\*/],
    ["registry.example.com/", /names no repository/],
    ["registry.example.com*", /last two labels/],
    ["registry.example.com/prod**", /stands alone/],
    ["registry.example.com/prod/**x", /stands alone/],
    ["registry.example.com//web", /no repository can have/],
    ["registry.example.com/../web", /no repository can have/],
    ["registry.example.com/Web", /capital letters/],
    ["registry.example.com/web:1", /tag or digest/],
    ["registry.example.com/web@sha256:aa", /tag or digest/],
    ["registry.example.com/web?", /wildcard other than/],
    ["registry.example.com/{a,b}", /wildcard other than/],
    ["registry.example.com/[ab]", /wildcard other than/],
    ["!registry.example.com/a", /no valid host/],
    ["registry.example.com:port/web", /no valid host/],
    ["docker.io/nginx", /docker\.io\/library\/nginx/],
    ["docker.io/*", /can never match/],
    [`registry.example.com/${"a".repeat(600)}`, /longer than/],
  ];
  for (const [pattern, message] of REFUSED) {
    test(`refuses ${pattern.slice(0, 40)} and says what to write`, () => {
      assert.throws(
        () => parseImagePattern(pattern),
        (error) => error instanceof InputError && message.test(error.message),
      );
    });
  }

  test("warns of a prefix that does not end where a word does", () => {
    assert.match(patternWarning(parseImagePattern("ghcr.io/acme/prod*")) ?? "", /write ghcr\.io\/acme\/prod\/\*\*/);
    assert.equal(patternWarning(parseImagePattern("ghcr.io/acme/prod-*")), undefined);
    assert.equal(patternWarning(parseImagePattern("ghcr.io/acme/*")), undefined);
    assert.equal(patternWarning(parseImagePattern("ghcr.io/acme/prod/**")), undefined);
  });

  test("globs agree with the regular expressions they stand for", () => {
    const letters = fc.string({ unit: fc.constantFrom("a", "b"), maxLength: 8 });
    const glob = fc.string({ unit: fc.constantFrom("a", "b", "*"), maxLength: 7 });
    fc.assert(
      fc.property(glob, letters, (glob, text) => {
        assert.equal(matchesGlob(glob, text), new RegExp(`^${glob.replaceAll("*", "[^/]*")}$`).test(text));
      }),
      { numRuns: 2000 },
    );
  });

  test("segments agree with the regular expressions they stand for", () => {
    const segment = fc.constantFrom("a", "b", "ab");
    const globs = fc.array(fc.constantFrom("a", "*", "**", "a*"), { minLength: 1, maxLength: 5 });
    fc.assert(
      fc.property(globs, fc.array(segment, { minLength: 1, maxLength: 6 }), (globs, segments) => {
        // Each segment is written with a slash behind it, so that "any number of segments" is one expression.
        const source = globs.map((glob, at) => {
          if (glob !== "**") return `${glob.replaceAll("*", "[^/]*")}/`;
          return at === globs.length - 1 ? "(?:[^/]+/)+" : "(?:[^/]+/)*";
        });
        const expected = new RegExp(`^${source.join("")}$`).test(segments.map((one) => `${one}/`).join(""));
        assert.equal(matchesSegments(globs, segments), expected);
      }),
      { numRuns: 2000 },
    );
  });

  test("hostile patterns take no time to speak of", () => {
    const pattern = parseImagePattern(`registry.example.com/${"*a".repeat(120)}b`);
    const many = parseImagePattern(`registry.example.com/${"**/a/".repeat(60)}b`);
    const path = "a".repeat(250);
    const began = performance.now();
    for (let i = 0; i < 200; i++) {
      matchesPattern(pattern, repository("registry.example.com", path));
      matchesPattern(many, repository("registry.example.com", "a/".repeat(120) + "c"));
    }
    assert.ok(performance.now() - began < 2000);
  });
});
