import assert from "node:assert/strict";
import { suite, test } from "node:test";

import { parsePolicyFiles, type PolicyParse } from "../../../src/policy/parse.ts";
import { formatProblem } from "../../../src/policy/problem.ts";
import { authorityYaml, PEM, pemOf, policySet, policyYaml } from "../../support/policy-facts.ts";

function parse(text: string, key: string = PEM): PolicyParse {
  return parsePolicyFiles([{ name: "p.yaml", text }], (_, path) =>
    path.startsWith("missing") ? { error: "there is no such file" } : Buffer.from(key),
  );
}

function problems(text: string, key?: string): readonly string[] {
  const result = parse(text, key);
  return result.kind === "refused" ? result.problems.map(formatProblem) : [];
}

function warnings(...documents: readonly string[]): readonly string[] {
  return policySet(...documents).warnings.map(formatProblem);
}

const ALLOWED_RULE = "pinned: { digests: ['sha256:" + "0".repeat(64) + "'] }";
const GOOD_POLICY = policyYaml([ALLOWED_RULE]);

/** One rule in a policy of its own. */
function ruleProblem(rule: string): string {
  return problems(policyYaml([rule])).join("\n");
}

suite("a policy file with several mistakes", () => {
  const text = [
    "apiVersion: assay.dev/v1alpha1",
    "kind: Authority",
    "metadata: { name: release-key }",
    "spec:",
    "  cosign:",
    "    keyz: [{ file: release.pub }]",
    "    trustRoot: { tufMirror: x, root: y }",
    "  enforcment: deny",
    "---",
    "apiVersion: assay.dev/v1alpha1",
    "kind: Policy",
    "metadata: { name: production }",
    "spec:",
    '  match: { images: [nginx, "registry.example.com/prod/**"], namespaces: [] }',
    "  rules:",
    "    - signed: { by: { atLeast: 2, of: [release-key, ci, { atLeast: 3, of: [a, a] }] } }",
    "    - user: nonroot",
    "    - attested: { by: ci }",
    "    - signd: { by: 3 }",
    "    - {}",
    "  platforms: { only: [linux/x86_64] }",
  ].join("\n");

  test("is refused with all of them, each at its line and column", () => {
    assert.deepEqual(problems(text), [
      "p.yaml:6:5: spec.cosign.keys: is missing: expected a list",
      'p.yaml:6:5: spec.cosign: unknown key "keyz"; did you mean "keys"?',
      "p.yaml:7:29: spec.cosign.trustRoot.tufMirror: is not the https URL of a TUF repository, such as https://tuf.example.com",
      'p.yaml:8:3: spec: unknown key "enforcment"; did you mean "enforcement"?',
      'p.yaml:14:21: spec.match.images[0]: the pattern "nginx" names no host: write the registry too, such as docker.io/library/nginx or registry.example.com/nginx',
      "p.yaml:14:73: spec.match.namespaces: is an empty list, which would say nothing: name something or leave the key out",
      "p.yaml:16:68: spec.rules[0].signed.by.of[2].atLeast: asks for 3 distinct members but names only 1: it could never hold",
      'p.yaml:17:13: spec.rules[1].user: is "nonroot", expected nonRoot',
      "p.yaml:18:17: spec.rules[2].attested.predicateType: is missing: expected a text",
      'p.yaml:19:7: spec.rules[3]: unknown key "signd"; did you mean "signed"?',
      "p.yaml:20:7: spec.rules[4]: says nothing: write one of signed, attested, pinned, user, composition, absent, clean, base, age, anyOf, deny, unsafeAllow",
      'p.yaml:21:23: spec.platforms.only[0]: "linux/x86_64" is not a platform: write linux/amd64',
    ]);
  });
});

suite("documents", () => {
  const HEAD = "apiVersion: assay.dev/v1alpha1\n";
  const ROWS: readonly (readonly [string, string, RegExp])[] = [
    [
      "without apiVersion",
      "kind: Policy",
      /p\.yaml:1:1: the apiVersion is missing: write apiVersion: assay\.dev\/v1alpha1/,
    ],
    ["of another version", "apiVersion: v1\nkind: Policy", /p\.yaml:1:13: the apiVersion is "v1"/],
    ["without a kind", HEAD, /the kind is missing: write one of Authority, Policy/],
    ["of an unknown kind", `${HEAD}kind: Polcy`, /p\.yaml:2:7: the kind is "Polcy"; did you mean "Policy"\?/],
    ["of another tool's kind", `${HEAD}kind: ClusterImagePolicy`, /the kind is "ClusterImagePolicy"/],
    ["that are policy tests", `${HEAD}kind: PolicyTest`, /stand apart/],
    ["that are a list", "- a", /not a mapping/],
    [
      "with a key written twice",
      `${HEAD}kind: Policy\nkind: Policy`,
      /p\.yaml:3:1: is not valid YAML: Map keys must be unique/,
    ],
    ["with an unknown tag", `${HEAD}kind: !secret Policy`, /p\.yaml:2:7: is not valid YAML: Unresolved tag/],
    ["that are broken YAML", `${HEAD}kind: [`, /is not valid YAML/],
    ["with a number as a key", `${HEAD}kind: Policy\n1: x`, /a key must be a text/],
    ["with the key __proto__", `${HEAD}kind: Policy\n__proto__: {}`, /"__proto__" cannot be used/],
    ["with a merge key", `${HEAD}kind: Policy\n<<: { a: 1 }`, /unknown key "<<"/],
    ["with an alias of nothing", `${HEAD}kind: *none`, /the alias \*none names no anchor/],
    ["with an alias of itself", `${HEAD}kind: Policy\nspec: &a { rules: [*a] }`, /inside its own anchor/],
    ["that are empty", "", /holds no document/],
    ["that are only a comment", "# nothing", /holds no document/],
    ["that are too large", `${HEAD}# ${"x".repeat(1024 * 1024)}`, /larger than 1048576 characters/],
    ["nested too deeply", `${HEAD}kind: Policy\nspec: ${"[".repeat(60)}${"]".repeat(60)}`, /nested deeper than 32/],
    ["without a policy", authorityYaml("a"), /there is no Policy document/],
  ];
  for (const [what, text, message] of ROWS) {
    test(`${what} are refused`, () => {
      assert.match(problems(text).join("\n"), message);
    });
  }

  test("that write each other out a billion times are refused at once", () => {
    const levels = ["a0: &a0 [x,x,x,x,x,x,x,x,x,x]"];
    for (let i = 1; i < 12; i++)
      levels.push(`a${i}: &a${i} [${Array.from({ length: 10 }, () => `*a${i - 1}`).join(",")}]`);
    const began = performance.now();
    assert.match(problems(`${HEAD}kind: Policy\n${levels.join("\n")}`).join("\n"), /more than 20000 values/);
    assert.ok(performance.now() - began < 2000);
  });

  test("nested until the parser's stack ends are refused", () => {
    assert.equal(parse(`${HEAD}kind: Policy\nspec: ${"{a: ".repeat(100_000)}`).kind, "refused");
  });

  test("may be JSON, may be many, and may use aliases", () => {
    const json = JSON.stringify({
      apiVersion: "assay.dev/v1alpha1",
      kind: "Policy",
      metadata: { name: "json" },
      spec: { match: { images: ["**"] }, rules: [{ user: "nonRoot" }] },
    });
    const aliased = policyYaml(["composition: { atMost: &c distroless }", "composition: { atMost: *c }"]);
    const set = policySet(json, aliased);
    assert.deepEqual(
      set.policies.map(({ name }) => name),
      ["json", "production"],
    );
    assert.deepEqual(set.policies[1]?.rules[1]?.rule, { kind: "composition", atMost: "distroless" });
  });

  test("say where each policy and rule was written", () => {
    const set = policySet(authorityYaml("a"), policyYaml(["user: nonRoot", "signed: { by: a }"]));
    assert.deepEqual(set.authorities[0]?.at, { file: "policy.yaml", line: 3, column: 19 });
    assert.deepEqual(set.policies[0]?.rules[1]?.at, { file: "policy.yaml", line: 14, column: 7 });
  });
});

suite("names across documents", () => {
  test("given twice are refused", () => {
    assert.match(
      problems(`${GOOD_POLICY}\n---\n${GOOD_POLICY}`).join("\n"),
      /p\.yaml:11:19: the policy "production" is already defined at p\.yaml:3/,
    );
    const twice = [authorityYaml("a"), authorityYaml("a"), policyYaml(["signed: { by: a }"])].join("\n---\n");
    assert.match(problems(twice).join("\n"), /the authority "a" is already defined/);
  });

  test("of authorities that are nowhere are refused where they stand, with the nearest", () => {
    const text = [
      authorityYaml("release-key"),
      policyYaml(["anyOf: [ { signed: { by: { atLeast: 1, of: [release-kez] } } } ]"]),
    ].join("\n---\n");
    assert.deepEqual(problems(text), [
      'p.yaml:13:51: no authority is named "release-kez"; did you mean "release-key"?',
    ]);
    assert.match(ruleProblem("signed: { by: ci }"), /no authority is named "ci"; no Authority is defined/);
  });

  test("of an authority that has mistakes are not reported a second time", () => {
    const text = [authorityYaml("a", "enforcement: no"), policyYaml(["signed: { by: a }"])].join("\n---\n");
    assert.deepEqual(problems(text), ['p.yaml:6:16: spec.enforcement: is "no", expected one of deny, warn, audit']);
  });
});

suite("keys", () => {
  const withKey = (key: string) =>
    problems(`${authorityYaml("a")}\n---\n${policyYaml(["signed: { by: a }"])}`, key).join("\n");
  const ROWS: readonly (readonly [string, string, RegExp])[] = [
    [
      "a private key",
      "-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n-----END PRIVATE KEY-----\n",
      /p\.yaml:5:29: spec\.cosign\.keys\[0\]\.file: the key file "a\.pub" holds a private key/,
    ],
    [
      "an encrypted private key",
      "-----BEGIN ENCRYPTED SIGSTORE PRIVATE KEY-----\nc2VjcmV0\n-----END ENCRYPTED SIGSTORE PRIVATE KEY-----\n",
      /holds a private key/,
    ],
    ["a certificate", "-----BEGIN CERTIFICATE-----\nYWJj\n-----END CERTIFICATE-----\n", /openssl x509/],
    ["a PGP key", "-----BEGIN PGP PUBLIC KEY BLOCK-----\n", /PGP/],
    ["a PKCS#1 key", "-----BEGIN RSA PUBLIC KEY-----\nYWJj\n-----END RSA PUBLIC KEY-----\n", /PKCS#1/],
    ["two keys", PEM + PEM, /several keys/],
    ["other text", "hello", /not a public key in PEM form/],
    ["nothing", "", /not a public key in PEM form/],
    ["too much", "x".repeat(20_000), /larger than/],
  ];
  for (const [what, key, message] of ROWS) {
    test(`are refused when the file holds ${what}, without repeating it`, () => {
      assert.match(withKey(key), message);
      assert.doesNotMatch(withKey(key), /c2VjcmV0|YWJj/);
    });
  }

  test("are refused when the file is not there or not text", () => {
    assert.match(
      problems(authorityYaml("missing")).join("\n"),
      /the key file "missing\.pub" cannot be read: there is no such file/,
    );
    const binary = parsePolicyFiles([{ name: "p.yaml", text: authorityYaml("a") }], () => new Uint8Array([0xff, 0xfe]));
    assert.match(binary.kind === "refused" ? binary.problems.map(formatProblem).join("\n") : "", /is not text/);
  });

  test("may be written inline, and must then be a public key too", () => {
    const inline = (pem: string) => authorityYaml("a").replace("{ file: a.pub }", `{ inline: ${JSON.stringify(pem)} }`);
    const spec = policySet(inline(PEM), policyYaml(["signed: { by: a }"])).authorities[0]?.spec;
    assert.equal(spec?.kind === "cosign" && spec.keys[0]?.pem, PEM);
    assert.match(
      problems(inline("nothing")).join("\n"),
      /p\.yaml:5:31: spec\.cosign\.keys\[0\]\.inline: the inline key is not a public key/,
    );
    const both = authorityYaml("a").replace("{ file: a.pub }", "{ file: a.pub, inline: x }");
    assert.match(problems(both).join("\n"), /either file: a path, or inline/);
    assert.match(
      problems(authorityYaml("a").replace("{ file: a.pub }", "{ data: x }")).join("\n"),
      /unknown key "data"; did you mean "inline"/,
    );
  });
});

suite("authorities", () => {
  const cosign = (members: string) => authorityYaml("a").replace("{ keys: [ { file: a.pub } ] }", `{ ${members} }`);
  const ROWS: readonly (readonly [string, string, RegExp])[] = [
    ["no key list", "timestamp: optional", /spec\.cosign\.keys: is missing/],
    ["no keys", "keys: []", /spec\.cosign\.keys: is an empty list/],
    ["an empty discover", "keys: [{ file: k }], discover: []", /discover: is an empty list/],
    [
      "an unknown place",
      "keys: [{ file: k }], discover: [tags]",
      /discover\[0\]: is "tags", expected one of tag, referrers; did you mean "tag"/,
    ],
    [
      "two trust roots",
      "keys: [{ file: k }], trustRoot: public-good, rekorKeys: [{ file: r }]",
      /both say whose log counts/,
    ],
    [
      "an ignored log with a trust root",
      "keys: [{ file: k }], trustRoot: public-good, transparencyLog: unsafeIgnored",
      /trustRoot: says whose log counts/,
    ],
    [
      "an ignored log with log keys",
      "keys: [{ file: k }], rekorKeys: [{ file: r }], transparencyLog: unsafeIgnored",
      /rekorKeys: say whose log counts/,
    ],
    [
      "timestamps of nobody",
      "keys: [{ file: k }], timestamp: required, transparencyLog: unsafeIgnored",
      /timestamp: is required, but nothing says/,
    ],
    [
      "timestamps of log keys",
      "keys: [{ file: k }], timestamp: required, rekorKeys: [{ file: r }]",
      /timestamp: is required, but nothing says/,
    ],
    ["an empty trust root", "keys: [{ file: k }], trustRoot: {}", /trustRoot\.tufMirror: is missing/],
    [
      "a TUF repository by plain HTTP",
      "keys: [{ file: k }], trustRoot: { tufMirror: http://tuf.example.com, root: root.json }",
      /trustRoot\.tufMirror: is not the https URL of a TUF repository/,
    ],
    [
      "a TUF repository behind a user name",
      'keys: [{ file: k }], trustRoot: { tufMirror: "https://a@tuf.example.com", root: root.json }',
      /trustRoot\.tufMirror: is not the https URL of a TUF repository/,
    ],
    [
      "a TUF root that is a key",
      "keys: [{ file: k }], trustRoot: { tufMirror: https://tuf.example.com, root: root.json }",
      /trustRoot\.root: the file "root\.json" is not the root\.json of a TUF repository/,
    ],
    [
      "a trust root that is a key",
      "keys: [{ file: k }], trustRoot: root.json",
      /"root\.json" is not a Sigstore trusted root/,
    ],
    [
      "a trust root that is not there",
      "keys: [{ file: k }], trustRoot: missing.json",
      /"missing\.json" cannot be read/,
    ],
    [
      "a log option that does not exist",
      "keys: [{ file: k }], transparencyLog: ignored",
      /is "ignored", expected one of required, unsafeIgnored/,
    ],
    [
      "a number as an annotation",
      "keys: [{ file: k }], annotations: { build: 42 }",
      /annotations\.build: is a number, expected a text: put it in quotes/,
    ],
    ["an unknown identity", "keys: [{ file: k }], signedIdentity: matchName", /signedIdentity: is "matchName"/],
    [
      "an identity without its reference",
      "keys: [{ file: k }], signedIdentity: { type: exactReference }",
      /signedIdentity\.reference: is missing/,
    ],
    [
      "an identity that names no host",
      "keys: [{ file: k }], signedIdentity: { type: exactRepository, repository: acme/web }",
      /names no host/,
    ],
    [
      "a prefix with a slash behind",
      "keys: [{ file: k }], signedIdentity: { type: remapIdentity, prefix: a.example/, signedPrefix: b.example }",
      /ends in a slash/,
    ],
  ];
  for (const [what, members, message] of ROWS) {
    test(`with ${what} are refused`, () => {
      assert.match(problems(cosign(members)).join("\n"), message);
    });
  }

  test("with a trust root too large to be one are refused unread", () => {
    const text = cosign("keys: [{ file: k }], trustRoot: root.json");
    const read = (_: string, path: string) => (path === "k" ? Buffer.from(PEM) : new Uint8Array(600 * 1024));
    const parse = parsePolicyFiles([{ name: "p.yaml", text }], read);
    assert.match(parse.kind === "refused" ? parse.problems.map(formatProblem).join("\n") : "", /larger than 524288/);
  });

  test("that say nobody, or have a bad name, are refused", () => {
    assert.match(
      problems(authorityYaml("a").replace(/ {2}cosign: .*/, "  enforcement: deny")).join("\n"),
      /says nobody: write one of cosign/,
    );
    assert.match(problems(authorityYaml("Release_Key")).join("\n"), /is not a name/);
  });
});

suite("rules", () => {
  const ROWS: readonly (readonly [string, RegExp])[] = [
    ["{}", /says nothing/],
    ["{ enforcement: warn }", /says nothing/],
    ["{ user: nonRoot, age: { atMost: 1d } }", /has user and age in one rule/],
    ["{ user: nonRoot, enforcement: ignore }", /enforcement: is "ignore", expected one of deny, warn, audit/],
    ["base: {}", /base\.oneOf: is missing/],
    ["base: { oneOf: [] }", /base\.oneOf: is an empty list/],
    ["base: { oneOf: [distroless/static] }", /base\.oneOf\[0\]: the pattern "distroless\/static" names no host/],
    ["base: { oneOf: ['a.example/x:1'] }", /base\.oneOf\[0\]: the pattern "a\.example\/x:1" has a tag or digest/],
    ["base: { oneOf: [a.example/x], notOlderThan: 0s }", /base\.notOlderThan: the age "0s"/],
    ["base: { oneOf: [a.example/x], signedBy: nobody }", /no authority is named "nobody"/],
    ["base: { oneOf: [a.example/x], signedBy: { atLeast: 2, of: [a, a] } }", /names only 1/],
    ["base: { oneOf: [a.example/x], allowChanges: [shell] }", /allowChanges\[0\]: is "shell", expected one of loader/],
    ["base: { oneOf: [a.example/x], allowChange: [libc] }", /unknown key "allowChange"; did you mean "allowChanges"/],
    ["workload: {}", /workload: is not supported by this version/],
    ["anyOf: [ { workload: {} } ]", /anyOf\[0\]\.workload: is not supported/],
    ["signed: {}", /signed\.by: is missing/],
    ["signed: { by: [a, b] }", /signed\.by: is a list, which is not a form this key has/],
    ["signed: { by: { atLeast: 0, of: [a] } }", /atLeast: is less than 1/],
    ["signed: { by: { atLeast: 1.5, of: [a] } }", /atLeast/],
    ["signed: { by: { atLeast: 3, of: [a, b] } }", /asks for 3 distinct members but names only 2/],
    ["signed: { by: { atLeast: 2, of: [a, a] } }", /asks for 2 distinct members but names only 1/],
    ["signed: { by: { atLeast: 1, of: [] } }", /of: is an empty list/],
    ["signed: { by: { threshold: 1, of: [a] } }", /unknown key "threshold"; did you mean "atLeast"/],
    [
      `signed: { by: { atLeast: 1, of: [${Array.from({ length: 17 }, (_, i) => `a${i}`).join(", ")}] } }`,
      /more than 16 members/,
    ],
    ["pinned: { digests: [] }", /digests: is an empty list/],
    ["pinned: { digests: ['latest'] }", /"latest" is not a digest/],
    ["user: root", /user: is "root", expected nonRoot/],
    ["user: { of: image }", /user\.is: is missing/],
    ["user: { is: nonRoot, allowNamed: 'yes' }", /allowNamed: is a text, expected true or false/],
    ["composition: distroless", /composition: is a text, expected a mapping/],
    ["composition: { atMost: tiny }", /is "tiny", expected one of scratch/],
    ["absent: []", /absent: is an empty list/],
    ["clean: []", /clean: is an empty list/],
    ["clean: [secrets-in-file]", /clean\[0\]: is "secrets-in-file".*did you mean "secret-in-file"/],
    ["absent: [shells]", /absent\[0\]: is "shells".*did you mean "shell"/],
    ["age: { atMost: 30 }", /atMost: is a number, expected a text/],
    ["age: { atMost: 0d }", /is not between/],
    ["age: { atMost: 999999999d }", /is not between/],
    ["anyOf: []", /anyOf: is an empty list/],
    ["anyOf: [ { user: nonRoot, enforcement: warn } ]", /anyOf\[0\]: unknown key "enforcement"/],
    [
      "anyOf: [ { user: nonRoot }, { unsafeAllow: { reason: x } } ]",
      /unsafeAllow as an alternative in anyOf always holds/,
    ],
    ["anyOf: [ { user: nonRoot }, { deny: { message: x } } ]", /deny as an alternative in anyOf can never hold/],
    ["deny: {}", /deny\.message: is missing/],
    ["deny: { message: '' }", /message: is empty/],
    ['deny: { message: "a\\nb" }', /line break/],
    ["unsafeAllow: {}", /unsafeAllow\.reason: is missing/],
    ["allow: {}", /unknown key "allow"/],
  ];
  for (const [rule, message] of ROWS) {
    test(`like ${rule.slice(0, 70)} are refused`, () => {
      assert.match(ruleProblem(rule), message);
    });
  }

  test("are refused when there are none, or when an exemption stands beside them", () => {
    assert.match(
      problems(policyYaml([]).replace("  rules:", "  rules: []")).join("\n"),
      /spec\.rules: is an empty list/,
    );
    assert.match(
      problems(policyYaml(["user: nonRoot", "unsafeAllow: { reason: x }"])).join("\n"),
      /p\.yaml:8:7: unsafeAllow beside other rules excuses nothing/,
    );
  });

  test("beside an unconditional deny are warned about", () => {
    assert.deepEqual(warnings(policyYaml(["user: nonRoot", "deny: { message: frozen }"])), [
      "policy.yaml:8:7: deny refuses always, so the other rules of this policy decide nothing",
    ]);
  });
});

suite("match and platforms", () => {
  const spec = (value: string) => problems(policyYaml([ALLOWED_RULE], value)).join("\n");
  const ROWS: readonly (readonly [string, RegExp])[] = [
    ["match: {}", /match\.images: is missing/],
    ["match: { images: [] }", /images: is an empty list/],
    ["match: { image: ['**'] }", /unknown key "image"; did you mean "images"/],
    ["match: { images: ['**'], exceptImages: ['**'] }", /exceptImages: excepts everything/],
    ["match: { images: ['**'], exceptImages: ['web'] }", /exceptImages\[0\]: the pattern "web" names no host/],
    ["match: { images: ['**'], namespaces: ['prod/*'] }", /is not a glob of namespace names/],
    ["match: { images: ['**'], labels: { tier: true } }", /labels\.tier/],
    ["match: { images: ['**'], labels: { tier: [] } }", /labels\.tier: is an empty list/],
    ["match: { images: ['**'], operations: [PATCH] }", /operations\[0\]: is "PATCH"/],
    ["platforms: { only: [] }", /only: is an empty list/],
    ["platforms: { only: [amd64] }", /"amd64" is not a platform/],
    ["platforms: { only: [linux/aarch64] }", /write linux\/arm64/],
    ["platforms: { signatures: any }", /signatures: is "any", expected one of index, each, either/],
    ["mode: warn", /unknown key "mode"; did you mean "enforcement"/],
  ];
  for (const [value, message] of ROWS) {
    test(`like ${value} are refused`, () => {
      assert.match(spec(value), message);
    });
  }
});

suite("files that are accepted", () => {
  test("are warned about when an authority is unused, a key is shared, or a member stands twice", () => {
    const shared = authorityYaml("b").replace("b.pub", "a.pub");
    const by = "signed: { by: { atLeast: 1, of: [a, b, a] } }";
    assert.deepEqual(warnings(authorityYaml("a"), shared, authorityYaml("c"), policyYaml([by])), [
      'policy.yaml:9:19: the authority "b" has the key of "a" (a.pub): a signature by it counts for one of them',
      'policy.yaml:15:19: the authority "c" is named by no rule',
      "policy.yaml:25:46: the same member is named a second time, which counts once",
    ]);
  });

  test("are warned about when one authority names a key twice", () => {
    const twice = authorityYaml("a").replace("[ { file: a.pub } ]", "[ { file: a.pub }, { file: a.pub } ]");
    assert.match(
      warnings(twice, policyYaml(["signed: { by: a }"])).join("\n"),
      /keys\[1\]: names the same key a second time/,
    );
  });

  test("carry the options that lower security, as they were spelled", () => {
    const weak = authorityYaml("a").replace("{ keys:", "{ transparencyLog: unsafeIgnored, keys:");
    assert.deepEqual(policySet(weak, policyYaml(["signed: { by: a }"])).authorities[0]?.unsafe, [
      "transparencyLog: unsafeIgnored",
    ]);
  });

  test("give keys that differ by the file they were read from", () => {
    assert.notEqual(pemOf("a.pub"), pemOf("b.pub"));
  });
});
