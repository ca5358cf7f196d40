import assert from "node:assert/strict";
import { suite, test } from "node:test";

import { known } from "../../../src/domain/gap.ts";
import { plus } from "../../../src/domain/instant.ts";
import { lintFacts, type Lint } from "../../../src/domain/lint.ts";
import type { AdmissionContext } from "../../../src/domain/policy.ts";
import type { CosignAuthority } from "../../../src/domain/trust.ts";
import { policyJsonSchema } from "../../../src/policy/json-schema.ts";
import { matchPolicies } from "../../../src/policy/match.ts";
import { needsOf } from "../../../src/policy/needs.ts";
import { parsePolicyFiles } from "../../../src/policy/parse.ts";
import { attestation, factsOf, SLSA, statementsOf } from "../../support/attestation-facts.ts";
import { BASE, foundBase, signedBase, tagSpan } from "../../support/base-facts.ts";
import {
  answer,
  authorityYaml,
  classified,
  imageFacts,
  indexFacts,
  judged,
  keySigner,
  LEAF_A,
  NOW,
  platformFacts,
  policySet,
  policyYaml,
  REPOSITORY,
  repository,
  ROOT,
  signature,
  userFact,
  verified,
} from "../../support/policy-facts.ts";

/** Every field of the language, each with a test that shows it to matter: below, and for keyless in keyless.test.ts. */
const PROVED: ReadonlySet<string> = new Set([
  "apiVersion",
  "kind",
  "metadata",
  "metadata.name",
  "spec",
  "spec.enforcement",
  "spec.cosign",
  "spec.cosign.keys",
  "spec.cosign.keys.file",
  "spec.cosign.keys.inline",
  "spec.cosign.discover",
  "spec.cosign.trustRoot",
  "spec.cosign.trustRoot.tufMirror",
  "spec.cosign.trustRoot.root",
  "spec.cosign.rekorKeys",
  "spec.cosign.rekorKeys.file",
  "spec.cosign.rekorKeys.inline",
  "spec.cosign.transparencyLog",
  "spec.cosign.timestamp",
  "spec.cosign.annotations",
  "spec.cosign.signedIdentity",
  "spec.cosign.signedIdentity.type",
  "spec.cosign.signedIdentity.reference",
  "spec.cosign.signedIdentity.repository",
  "spec.cosign.signedIdentity.prefix",
  "spec.cosign.signedIdentity.signedPrefix",
  "spec.keyless",
  "spec.keyless.identities",
  "spec.keyless.identities.issuer",
  "spec.keyless.identities.issuerPattern",
  "spec.keyless.identities.issuerRegExp",
  "spec.keyless.identities.subject",
  "spec.keyless.identities.subjectPattern",
  "spec.keyless.identities.subjectRegExp",
  "spec.keyless.trustRoot",
  "spec.keyless.trustRoot.tufMirror",
  "spec.keyless.trustRoot.root",
  "spec.keyless.certificateAuthority",
  "spec.keyless.certificateAuthority.roots",
  "spec.keyless.certificateAuthority.roots.file",
  "spec.keyless.certificateAuthority.roots.inline",
  "spec.keyless.certificateAuthority.intermediates",
  "spec.keyless.certificateAuthority.intermediates.file",
  "spec.keyless.certificateAuthority.intermediates.inline",
  "spec.keyless.discover",
  "spec.keyless.sct",
  "spec.keyless.transparencyLog",
  "spec.keyless.timestamp",
  "spec.keyless.extensions",
  "spec.keyless.annotations",
  "spec.keyless.signedIdentity",
  "spec.keyless.signedIdentity.type",
  "spec.keyless.signedIdentity.reference",
  "spec.keyless.signedIdentity.repository",
  "spec.keyless.signedIdentity.prefix",
  "spec.keyless.signedIdentity.signedPrefix",
  // Those of notation are shown to matter in notation.test.ts.
  "spec.notation",
  "spec.notation.trustStores",
  "spec.notation.trustStores.ca",
  "spec.notation.trustStores.signingAuthority",
  "spec.notation.trustStores.tsa",
  "spec.notation.identities",
  "spec.notation.level",
  "spec.notation.override",
  "spec.notation.override.authenticity",
  "spec.notation.override.authenticTimestamp",
  "spec.notation.override.expiry",
  "spec.notation.override.revocation",
  "spec.notation.verifyTimestamp",
  "spec.notation.metadata",
  "spec.notation.trustPolicy",
  "spec.notation.trustStore",
  "spec.simpleSigning",
  "spec.simpleSigning.keyrings",
  "spec.simpleSigning.lookaside",
  "spec.simpleSigning.registryExtension",
  "spec.simpleSigning.signedIdentity",
  "spec.simpleSigning.signedIdentity.type",
  "spec.simpleSigning.signedIdentity.reference",
  "spec.simpleSigning.signedIdentity.repository",
  "spec.simpleSigning.signedIdentity.prefix",
  "spec.simpleSigning.signedIdentity.signedPrefix",
  // Shown in notary.test.ts.
  "spec.notary",
  "spec.notary.server",
  "spec.notary.serverCA",
  "spec.notary.gun",
  "spec.notary.pins",
  "spec.notary.pins.rootKeys",
  "spec.notary.pins.rootKeys.file",
  "spec.notary.pins.rootKeys.inline",
  "spec.notary.pins.ca",
  "spec.notary.pins.ca.file",
  "spec.notary.pins.ca.inline",
  "spec.notary.unsafeTrustOnFirstUse",
  "spec.notary.delegations",
  "spec.notary.delegations.role",
  "spec.notary.delegations.keys",
  "spec.notary.delegations.keys.file",
  "spec.notary.delegations.keys.inline",
  "spec.notary.resolve",
  "spec.match",
  "spec.match.images",
  "spec.match.exceptImages",
  "spec.match.namespaces",
  "spec.match.labels",
  "spec.match.operations",
  "spec.platforms",
  "spec.platforms.only",
  "spec.platforms.signatures",
  "spec.rules",
  "rule.signed",
  "rule.signed.by",
  "rule.attested",
  "rule.attested.by",
  "rule.attested.predicateType",
  "rule.attested.where",
  "rule.attested.notOlderThan",
  "rule.attested.select",
  "rule.attested.join",
  "rule.attested.join.by",
  "rule.attested.join.predicateType",
  "rule.attested.join.where",
  "rule.attested.join.notOlderThan",
  "rule.attested.join.select",
  "rule.pinned",
  "rule.pinned.digests",
  "rule.user",
  "rule.user.is",
  "rule.user.of",
  "rule.user.allowNamed",
  "rule.composition",
  "rule.composition.atMost",
  "rule.absent",
  "rule.clean",
  "rule.base",
  "rule.base.oneOf",
  "rule.base.notOlderThan",
  "rule.base.signedBy",
  "rule.base.allowChanges",
  "rule.age",
  "rule.age.atMost",
  "rule.anyOf",
  "rule.deny",
  "rule.deny.message",
  "rule.unsafeAllow",
  "rule.unsafeAllow.reason",
  "rule.enforcement",
  "threshold.atLeast",
  "threshold.of",
]);

type Schema = {
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
  readonly additionalProperties?: Schema | boolean;
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
  readonly $ref?: string;
};

/** Paths of all properties of the published schema; rules and thresholds, which nest, under a name of their own. */
function fieldsOf(schema: Schema, at: string): readonly string[] {
  const below = [
    ...(schema.anyOf ?? []),
    ...(schema.oneOf ?? []),
    ...(schema.items === undefined ? [] : [schema.items]),
    ...(typeof schema.additionalProperties === "object" ? [schema.additionalProperties] : []),
  ];
  const own = Object.entries(schema.properties ?? {}).flatMap(([name, child]) => {
    const path = at === "" ? name : `${at}.${name}`;
    return [path, ...fieldsOf(child, path === "spec.rules" ? "rule" : path)];
  });
  return [...own, ...below.flatMap((child) => fieldsOf(child, at))];
}

function publishedFields(): ReadonlySet<string> {
  const schema = policyJsonSchema() as Schema & { readonly $defs: Readonly<Record<string, Schema>> };
  const documents = (schema.anyOf ?? []).slice(0, 2).flatMap((document) => fieldsOf(document, ""));
  const nested = Object.values(schema.$defs).flatMap((definition) => {
    const fields = fieldsOf(definition, "");
    return fields.map((field) => (fields.includes("atLeast") ? `threshold.${field}` : `rule.${field}`));
  });
  return new Set([...documents, ...nested]);
}

/** The authority that a member of `cosign` gives, beside one without it. */
function cosign(members: string): CosignAuthority {
  const read = (path: string) =>
    path.endsWith(".json")
      ? path === "tuf.json"
        ? JSON.stringify({ signed: { _type: "root" }, signatures: [] })
        : JSON.stringify({ mediaType: "application/vnd.dev.sigstore.trustedroot+json;version=0.1" })
      : `-----BEGIN PUBLIC KEY-----\n${Buffer.from(path).toString("base64")}\n-----END PUBLIC KEY-----\n`;
  const text = authorityYaml("a").replace("{ keys: [ { file: a.pub } ] }", `{ ${members} }`);
  const documents = `${text}\n---\n${policyYaml(["signed: { by: a }"])}`;
  const parse = parsePolicyFiles([{ name: "p.yaml", text: documents }], (_, path) => Buffer.from(read(path)));
  assert.ok(parse.kind === "parsed", JSON.stringify(parse));
  const [authority] = parse.set.authorities;
  assert.ok(authority?.spec.kind === "cosign");
  return authority.spec;
}

const KEYS = "keys: [{ file: a.pub }]";
const SIGNED_BY_A = [signature("a", verified([keySigner("alice")]))];

test("every field of the published schema is one that is shown to matter here, and no other is", () => {
  assert.deepEqual([...publishedFields()].sort(), [...PROVED].sort());
});

test("the published schema offers no word that would be refused", () => {
  assert.doesNotMatch(JSON.stringify(policyJsonSchema()), /"workload"/);
});

suite("each field of a cosign authority reaches the domain", () => {
  const plain = cosign(KEYS);
  const ROWS: readonly (readonly [string, Partial<CosignAuthority>])[] = [
    [`${KEYS}, discover: [tag]`, { discover: ["tag"] }],
    [`${KEYS}, transparencyLog: unsafeIgnored`, { transparencyLog: { kind: "unsafe-ignored" } }],
    [`${KEYS}, timestamp: required`, { timestamp: "required" }],
    [`${KEYS}, annotations: { env: prod }`, { annotations: { env: "prod" } }],
    [`${KEYS}, signedIdentity: matchExact`, { signedIdentity: { kind: "matchExact" } }],
    [`${KEYS}, signedIdentity: { type: matchRepository }`, { signedIdentity: { kind: "matchRepository" } }],
    [`${KEYS}, signedIdentity: matchRepoDigestOrExact`, { signedIdentity: { kind: "matchRepoDigestOrExact" } }],
    [
      `${KEYS}, signedIdentity: { type: exactReference, reference: "a.example/web:1" }`,
      { signedIdentity: { kind: "exactReference", reference: "a.example/web:1" } },
    ],
    [
      `${KEYS}, signedIdentity: { type: exactRepository, repository: a.example/web }`,
      { signedIdentity: { kind: "exactRepository", repository: "a.example/web" } },
    ],
    [
      `${KEYS}, signedIdentity: { type: remapIdentity, prefix: mirror.example, signedPrefix: a.example/web }`,
      { signedIdentity: { kind: "remapIdentity", prefix: "mirror.example", signedPrefix: "a.example/web" } },
    ],
  ];
  for (const [members, changed] of ROWS) {
    test(members, () => assert.deepEqual(cosign(members), { ...plain, ...changed }));
  }

  test("defaults: both places, a public log, no timestamp needed, any name", () => {
    assert.deepEqual(
      { ...plain, keys: plain.keys.map(({ from }) => from) },
      {
        kind: "cosign",
        keys: ["a.pub"],
        discover: ["tag", "referrers"],
        transparencyLog: { kind: "required", root: { kind: "public-good" } },
        timestamp: "optional",
        annotations: {},
        signedIdentity: undefined,
      },
    );
  });

  test("keys, from files and inline", () => {
    const inline = "-----BEGIN PUBLIC KEY-----\\nYWJj\\n-----END PUBLIC KEY-----\\n";
    const { keys } = cosign(`keys: [{ file: b.pub }, { inline: "${inline}" }]`);
    assert.deepEqual(
      keys.map(({ from }) => from),
      ["b.pub", "the inline key"],
    );
    assert.match(keys[1]?.pem ?? "", /YWJj/);
  });

  test("trustRoot of a TUF repository, without a slash at its end", () => {
    const { transparencyLog } = cosign(`${KEYS}, trustRoot: { tufMirror: "https://tuf.example.com/", root: tuf.json }`);
    assert.ok(transparencyLog.kind === "required" && transparencyLog.root.kind === "tuf-mirror");
    const { mirror, from, rootJson } = transparencyLog.root;
    assert.deepEqual([mirror, from], ["https://tuf.example.com", "tuf.json"]);
    assert.match(rootJson, /"_type":"root"/);
  });

  test("trustRoot and rekorKeys", () => {
    const rooted = cosign(`${KEYS}, trustRoot: root.json`).transparencyLog;
    assert.ok(rooted.kind === "required" && rooted.root.kind === "trusted-root");
    assert.deepEqual(
      [rooted.root.from, JSON.parse(rooted.root.json)],
      ["root.json", { mediaType: "application/vnd.dev.sigstore.trustedroot+json;version=0.1" }],
    );
    const inline = "-----BEGIN PUBLIC KEY-----\\nYWJj\\n-----END PUBLIC KEY-----\\n";
    const keyed = cosign(`${KEYS}, rekorKeys: [{ file: rekor.pub }, { inline: "${inline}" }]`).transparencyLog;
    assert.ok(keyed.kind === "required" && keyed.root.kind === "rekor-keys");
    assert.deepEqual(
      keyed.root.keys.map(({ from }) => from),
      ["rekor.pub", "the inline key"],
    );
  });

  test("enforcement decides whether its signatures count", () => {
    const by = (extra: string) =>
      answer(
        judged(
          policySet(authorityYaml("a", extra), policyYaml(["signed: { by: a }"])),
          imageFacts({ signatures: SIGNED_BY_A }),
        ),
      );
    assert.deepEqual([by(""), by("enforcement: deny"), by("enforcement: warn")], ["allow", "allow", "deny unsigned"]);
  });
});

suite("each field of match decides whether a policy speaks", () => {
  const speaks = (match: string, context?: AdmissionContext, of = REPOSITORY) =>
    matchPolicies(policySet(policyYaml(["user: nonRoot"], `match: { ${match} }`)), of, context).length === 1;
  const context = (one: Partial<AdmissionContext>): AdmissionContext => ({
    namespace: undefined,
    labels: undefined,
    operation: undefined,
    ...one,
  });

  test("images and exceptImages", () => {
    assert.equal(speaks('images: ["registry.example.com/shop/*"]'), true);
    assert.equal(speaks('images: ["registry.example.com/other/*"]'), false);
    assert.equal(speaks('images: ["registry.example.com/other/*", "**"]'), true);
    assert.equal(speaks('images: ["**"], exceptImages: ["registry.example.com/shop/web"]'), false);
    assert.equal(speaks('images: ["**"], exceptImages: ["registry.example.com/shop/we"]'), true);
  });

  test("host and path are compared apart", () => {
    const match = 'images: ["registry.example.com/shop/**"]';
    assert.equal(speaks(match, undefined, repository("evil.example", "registry.example.com/shop/web")), false);
    assert.equal(speaks(match, undefined, repository("Registry.EXAMPLE.com", "shop/web")), true);
  });

  test("namespaces, labels and operations take a policy out only by what is told", () => {
    const limited = 'images: ["**"], namespaces: ["prod-*"], labels: { tier: [web, api] }, operations: [CREATE]';
    assert.equal(speaks(limited), true);
    assert.equal(
      speaks(limited, context({ namespace: "prod-eu", labels: { tier: "api" }, operation: "CREATE" })),
      true,
    );
    assert.equal(speaks(limited, context({ namespace: "dev" })), false);
    assert.equal(speaks(limited, context({ namespace: "prod-eu" })), true);
    assert.equal(speaks(limited, context({ labels: { tier: "db" } })), false);
    assert.equal(speaks(limited, context({ labels: {} })), false);
    assert.equal(speaks(limited, context({ operation: "UPDATE" })), false);
    assert.equal(speaks('images: ["**"], labels: { toString: x }', context({ labels: {} })), false);
    assert.equal(speaks('images: ["**"], labels: { tier: web }', context({ labels: { tier: "web" } })), true);
  });

  test("what speaks in some context speaks without one, so telling less never loosens", () => {
    const set = policySet(
      policyYaml(["user: nonRoot"], 'match: { images: ["**"], namespaces: ["prod-*"] }', "prod"),
      policyYaml(["user: nonRoot"], 'match: { images: ["**"], namespaces: [dev], operations: [UPDATE] }', "dev"),
    );
    const without = matchPolicies(set, REPOSITORY);
    for (const namespace of ["prod-a", "dev", "other"]) {
      for (const operation of ["CREATE", "UPDATE"] as const) {
        const matched = matchPolicies(set, REPOSITORY, context({ namespace, operation }));
        assert.ok(matched.every((policy) => without.includes(policy)));
      }
    }
  });
});

/** One image with two attestations of each of two types; rows as below. */
function attestedRows(): readonly (readonly [string, string, string])[] {
  const day = (number: number) => [plus(NOW, -number * 86_400_000)];
  const attested = [
    attestation({ by: "a", type: SLSA, predicate: { n: 1 }, signedAt: day(1) }),
    attestation({ by: "a", type: SLSA, predicate: { n: 2 }, signedAt: day(3) }),
    attestation({ by: "b", type: "https://x.example/t", predicate: { n: 1 }, signedAt: day(1) }),
    attestation({ by: "b", type: "https://x.example/t", predicate: { n: 2 }, signedAt: day(3) }),
  ];
  const facts = imageFacts({ attestations: factsOf(attested) });
  const decided = (members: string) =>
    judged(policySet(authorityYaml("a"), authorityYaml("b"), policyYaml([`attested: { ${members} }`])), facts, {
      statements: statementsOf(attested),
    }).decision;
  const one = (members: string, by = "a", type = SLSA) => `by: ${by}, predicateType: "${type}"${members}`;
  const join = (x: string, where = "x.predicate.n == 1 && y.predicate.n == 1") =>
    `join: { x: { ${x} }, y: { by: b, predicateType: "https://x.example/t" } }, where: "${where}"`;
  const row = (field: string, allowed: string, denied: string): readonly [string, string, string] => {
    return [`attested.${field}`, decided(allowed), decided(denied)];
  };
  return [
    row("by", one(""), one("", "b")),
    row("predicateType", one(""), one("", "a", "https://x.example/t")),
    row("where", one(', where: "predicate.n == 1"'), one(', where: "predicate.n == 2"')),
    row("notOlderThan", one(", notOlderThan: 2d"), one(", notOlderThan: 1h")),
    row("select", one(', where: "predicate.n == 2", select: any'), one(', where: "predicate.n == 2"')),
    row("join", join(one("")), join(one("", "a", "https://x.example/t"))),
    row("join.by", join(one("")), join(one("", "b"))),
    row("join's where", join(one("")), join(one(""), "x.predicate.n == 2 && y.predicate.n == 1")),
    row("join.where", join(one(', where: "predicate.n == 1"')), join(one(', where: "predicate.n == 2"'))),
    row("join.notOlderThan", join(one(", notOlderThan: 2d")), join(one(", notOlderThan: 1h"))),
    row("join.select", join(one(", select: any")), join(one(", select: all"))),
  ];
}

/** One image on a base whose tag left it ten days ago, that `a` signed, and whose users were replaced; rows as below. */
function baseRows(): readonly (readonly [string, string, string])[] {
  const changed = { thing: "users", sighting: { layer: ROOT, path: "etc/passwd", note: "replaced" } } as const;
  const base = foundBase({ tags: [tagSpan("1", plus(NOW, -10 * 86_400_000))], changes: [changed] });
  const facts = imageFacts({ platforms: [platformFacts({ base: known(base) })] });
  const signed = signedBase(signature("a", verified([keySigner("alice")]), BASE));
  const decided = (members: string) =>
    judged(policySet(authorityYaml("a"), authorityYaml("b"), policyYaml([`base: { ${members} }`])), facts, {
      bases: signed,
    }).decision;
  const allowed = "oneOf: [base.example/debian], allowChanges: [users]";
  return [
    ["base.oneOf", decided(allowed), decided("oneOf: [base.example/other], allowChanges: [users]")],
    ["base.notOlderThan", decided(`${allowed}, notOlderThan: 11d`), decided(`${allowed}, notOlderThan: 9d`)],
    ["base.signedBy", decided(`${allowed}, signedBy: a`), decided(`${allowed}, signedBy: b`)],
    ["base.allowChanges", decided(allowed), decided("oneOf: [base.example/debian], allowChanges: [libc]")],
  ];
}

suite("each field of rules and platforms flips a verdict", () => {
  const by = (rule: string, facts = imageFacts(), spec = "") =>
    judged(policySet(authorityYaml("a"), authorityYaml("b"), policyYaml([rule], spec)), facts).decision;
  const user = (verdict: Parameters<typeof userFact>[0]) =>
    imageFacts({ platforms: [platformFacts({ user: known(userFact(verdict)) })] });
  const signedFacts = imageFacts({ signatures: SIGNED_BY_A });
  const flawed = (lint: Lint) => {
    const lints = { ...lintFacts(() => known([])), [lint]: known([{ what: "as the test says", sighting: undefined }]) };
    return imageFacts({ platforms: [platformFacts({ lints })] });
  };

  const ROWS: readonly (readonly [string, string, string])[] = [
    ["signed.by", by("signed: { by: a }", signedFacts), by("signed: { by: b }", signedFacts)],
    [
      "threshold.atLeast",
      by("signed: { by: { atLeast: 1, of: [a, b] } }", signedFacts),
      by("signed: { by: { atLeast: 2, of: [a, b] } }", signedFacts),
    ],
    [
      "threshold.of",
      by("signed: { by: { atLeast: 1, of: [a, b] } }", signedFacts),
      by("signed: { by: { atLeast: 1, of: [b] } }", signedFacts),
    ],
    ["pinned.digests", by(`pinned: { digests: ['${ROOT}'] }`), by(`pinned: { digests: ['${LEAF_A}'] }`)],
    ["user and user.is", by("user: nonRoot"), by("user: { is: nonRoot }", user("root"))],
    [
      "user.allowNamed",
      by("user: { is: nonRoot, allowNamed: true }", user("nonroot-named")),
      by("user: { is: nonRoot, allowNamed: false }", user("nonroot-named")),
    ],
    ["composition.atMost", by("composition: { atMost: distroless }"), by("composition: { atMost: scratch }")],
    [
      "absent",
      by(
        "absent: [setuid]",
        imageFacts({ platforms: [platformFacts({ composition: known(classified("slim", "shell")) })] }),
      ),
      by(
        "absent: [shell]",
        imageFacts({ platforms: [platformFacts({ composition: known(classified("slim", "shell")) })] }),
      ),
    ],
    [
      "clean",
      by("clean: [clutter, no-healthcheck]", flawed("secret-in-file")),
      by("clean: [secret-in-file]", flawed("secret-in-file")),
    ],
    ["age.atMost", by("age: { atMost: 30d }"), by("age: { atMost: 20d }")],
    ...baseRows(),
    ["anyOf", by(`anyOf: [ { signed: { by: b } }, { user: nonRoot } ]`), by(`anyOf: [ { signed: { by: b } } ]`)],
    ["unsafeAllow and deny", by("unsafeAllow: { reason: x }"), by("deny: { message: x }")],
    [
      "platforms.only",
      by("user: nonRoot", imageFacts(), "platforms: { only: [linux/amd64] }"),
      by("user: nonRoot", imageFacts(), "platforms: { only: [linux/arm64] }"),
    ],
    [
      "platforms.signatures",
      by("signed: { by: a }", indexFacts({ signatures: SIGNED_BY_A }), "platforms: { signatures: index }"),
      by("signed: { by: a }", indexFacts({ signatures: SIGNED_BY_A }), "platforms: { signatures: each }"),
    ],
  ];
  for (const [field, allowed, denied] of [...ROWS, ...attestedRows()]) {
    test(field, () => assert.deepEqual([allowed, denied], ["allow", "deny"]));
  }

  test("enforcement, of a rule and of a policy", () => {
    assert.equal(by("{ user: nonRoot, enforcement: warn }", user("root")), "warn");
    assert.equal(by("user: nonRoot", user("root"), "enforcement: audit"), "allow");
  });

  test("deny.message and unsafeAllow.reason are told", () => {
    const denied = judged(policySet(policyYaml(["deny: { message: frozen until Monday }"])), imageFacts());
    assert.match(denied.findings[0]?.message ?? "", /frozen until Monday/);
    const let_ = judged(policySet(policyYaml(["unsafeAllow: { reason: vendor }"])), imageFacts());
    assert.match(let_.unsafe.join(), /vendor/);
  });

  test("user.of reaches the domain, for whoever knows the pod", () => {
    const [policy] = policySet(policyYaml(["user: { is: nonRoot, of: image }", "user: nonRoot"])).policies;
    assert.deepEqual(
      policy?.rules.map(({ rule }) => rule.kind === "user" && rule.of),
      ["image", "effective"],
    );
  });
});

suite("needs", () => {
  const needs = (...rules: readonly string[]) =>
    needsOf(policySet(...["a", "b", "c"].map((name) => authorityYaml(name)), policyYaml(rules)).policies);

  test("name every authority that a rule could rest on, of any enforcement and inside anyOf", () => {
    assert.deepEqual(
      needs(
        "{ signed: { by: { atLeast: 1, of: [a, { atLeast: 1, of: [b] }] } }, enforcement: audit }",
        "anyOf: [ { signed: { by: c } }, { signed: { by: a } } ]",
      ),
      {
        authorities: ["a", "b", "c"],
        attesters: [],
        layers: "never",
        statements: [],
        bases: false,
        baseSigners: [],
      },
    );
  });

  test("name the signers of base images apart, and ask for the catalogue only where a rule does", () => {
    const { authorities, baseSigners, bases } = needs(
      "signed: { by: a }",
      "anyOf: [ { base: { oneOf: ['**'], signedBy: { atLeast: 1, of: [b, c] } } }, { user: nonRoot } ]",
    );
    assert.deepEqual([authorities, baseSigners, bases], [["a"], ["b", "c"], true]);
    assert.equal(needs("composition: { atMost: full }").bases, false);
  });

  test("ask for layers only as deep as a rule looks", () => {
    const layers = (...rules: readonly string[]) => needs(...rules).layers;
    assert.equal(layers("signed: { by: a }", "age: { atMost: 1d }", `pinned: { digests: ['${ROOT}'] }`), "never");
    assert.equal(layers("user: nonRoot", "signed: { by: a }"), "if-user-named");
    assert.equal(layers("absent: [shell]", "user: nonRoot"), "always");
    assert.equal(layers("clean: [no-healthcheck, secret-in-environment, latest-tag]"), "never");
    assert.equal(layers("clean: [no-healthcheck, clutter]"), "always");
    assert.equal(layers("base: { oneOf: ['**'] }"), "always");
    assert.equal(layers("anyOf: [ { composition: { atMost: full } } ]"), "always");
  });
});
