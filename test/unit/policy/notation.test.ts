import assert from "node:assert/strict";
import { suite, test } from "node:test";

import type { NotationAuthority, NotationStatement } from "../../../src/domain/trust.ts";
import type { FolderEntry, ListNamedFolder } from "../../../src/policy/key-file.ts";
import { parsePolicyFiles, type PolicyParse } from "../../../src/policy/parse.ts";
import { formatProblem } from "../../../src/policy/problem.ts";
import { policyYaml } from "../../support/policy-facts.ts";

const PEM = "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n";

type Files = Readonly<Record<string, string | Uint8Array>>;
const FILES: Files = { "root.crt": PEM, "tsa.crt": PEM, "sa.crt": PEM };

function parse(members: string, files: Files = FILES, list?: ListNamedFolder): PolicyParse {
  const text = `apiVersion: assay.dev/v1alpha1\nkind: Authority\nmetadata: { name: a }\nspec:\n  notation: { ${members} }\n---\n${policyYaml(["signed: { by: a }"])}`;
  const read = (_: string, path: string) => {
    const file = files[path];
    return file === undefined ? { error: "there is no such file" } : Buffer.from(file);
  };
  return parsePolicyFiles([{ name: "p.yaml", text }], read, list);
}

function authority(members: string, files?: Files, list?: ListNamedFolder): NotationAuthority {
  const parsed = parse(members, files, list);
  assert.ok(parsed.kind === "parsed", JSON.stringify(parsed));
  const spec = parsed.set.authorities[0]?.spec;
  assert.ok(spec?.kind === "notation");
  return spec;
}

function unsafeOf(members: string, files?: Files, list?: ListNamedFolder): readonly string[] {
  const parsed = parse(members, files, list);
  return parsed.kind === "parsed" ? (parsed.set.authorities[0]?.unsafe ?? []) : ["refused"];
}

function problems(members: string, files?: Files, list?: ListNamedFolder): string {
  const parsed = parse(members, files, list);
  return parsed.kind === "refused" ? parsed.problems.map(formatProblem).join("\n") : "";
}

const OWN = 'trustStores: { ca: [root.crt] }, identities: ["x509.subject: C=US, ST=WA, O=acme"]';
const ENFORCED = {
  integrity: "enforce",
  authenticity: "enforce",
  authenticTimestamp: "enforce",
  expiry: "enforce",
  revocation: "enforce",
} as const;

suite("each field of a notation authority reaches the domain", () => {
  const plain = authority(OWN);
  const [statement] = plain.statements as readonly [NotationStatement];

  test("defaults: strict, timestamps always, no metadata", () => {
    assert.deepEqual(plain, {
      kind: "notation",
      statements: [
        {
          name: "notation",
          scopes: ["*"],
          level: "strict",
          actions: ENFORCED,
          verifyTimestamp: "always",
          stores: [{ type: "ca", name: "root.crt", certificates: [{ pem: PEM, from: "root.crt" }] }],
          identities: ["x509.subject: C=US, ST=WA, O=acme"],
        },
      ],
      metadata: {},
    });
  });

  const logged = { authenticTimestamp: "log", expiry: "log", revocation: "log" } as const;
  const ROWS: readonly (readonly [string, Partial<NotationStatement>])[] = [
    ["level: permissive", { level: "permissive", actions: { ...ENFORCED, ...logged } }],
    ["level: audit", { level: "audit", actions: { ...ENFORCED, ...logged, authenticity: "log" } }],
    ["override: { authenticity: log }", { actions: { ...ENFORCED, authenticity: "log" } }],
    ["override: { authenticTimestamp: log }", { actions: { ...ENFORCED, authenticTimestamp: "log" } }],
    ["override: { expiry: log }", { actions: { ...ENFORCED, expiry: "log" } }],
    ["override: { revocation: skip }", { actions: { ...ENFORCED, revocation: "skip" } }],
    ["level: audit, override: { authenticity: enforce }", { level: "audit", actions: { ...ENFORCED, ...logged } }],
    ["verifyTimestamp: afterCertExpiry", { verifyTimestamp: "afterCertExpiry" }],
  ];
  for (const [members, changed] of ROWS) {
    test(members, () => {
      assert.deepEqual(authority(`${OWN}, ${members}`), { ...plain, statements: [{ ...statement, ...changed }] });
    });
  }

  test("metadata", () => {
    assert.deepEqual(authority(`${OWN}, metadata: { build: "42" }`).metadata, { build: "42" });
  });

  test("trustStores of each type, a store each file, and DER as PEM", () => {
    const members = OWN.replace(
      "ca: [root.crt]",
      "ca: [root.crt, der.cer], signingAuthority: [sa.crt], tsa: [tsa.crt]",
    );
    const [{ stores }] = authority(members, { ...FILES, "der.cer": Uint8Array.of(0x30, 0) }).statements as readonly [
      NotationStatement,
    ];
    assert.deepEqual(
      stores.map(({ type, name, certificates }) => [type, name, certificates.map(({ pem }) => pem)]),
      [
        ["ca", "root.crt", [PEM]],
        ["ca", "der.cer", [PEM]],
        ["signingAuthority", "sa.crt", [PEM]],
        ["tsa", "tsa.crt", [PEM]],
      ],
    );
  });
});

const STATEMENT = {
  name: "web",
  registryScopes: ["registry.example.com/shop/web"],
  signatureVerification: { level: "strict" },
  trustStores: ["ca:acme"],
  trustedIdentities: ["x509.subject: C=US, ST=WA, O=acme"],
};
const policyOf = (...statements: readonly object[]): string =>
  JSON.stringify({ version: "1.0", trustPolicies: statements });
const FOLDER: readonly FolderEntry[] = [{ name: "root.crt", kind: "file" }];
const list: ListNamedFolder = (_, root, path) =>
  root === "store" && path === "x509/ca/acme" ? FOLDER : { error: "there is no such file" };
const withPolicy = (json: string): Files => ({ "trustpolicy.json": json, "store/x509/ca/acme/root.crt": PEM });
const NAMED = "trustPolicy: trustpolicy.json, trustStore: store";

suite("a trust policy and its trust store", () => {
  test("are read into statements", () => {
    const json = policyOf(STATEMENT, { name: "rest", registryScopes: ["*"], signatureVerification: { level: "skip" } });
    assert.deepEqual(authority(NAMED, withPolicy(json), list).statements, [
      {
        name: "web",
        scopes: ["registry.example.com/shop/web"],
        level: "strict",
        actions: ENFORCED,
        verifyTimestamp: "always",
        stores: [{ type: "ca", name: "acme", certificates: [{ pem: PEM, from: "store/x509/ca/acme/root.crt" }] }],
        identities: ["x509.subject: C=US, ST=WA, O=acme"],
      },
      {
        name: "rest",
        scopes: ["*"],
        level: "skip",
        actions: {
          integrity: "skip",
          authenticity: "skip",
          authenticTimestamp: "skip",
          expiry: "skip",
          revocation: "skip",
        },
        verifyTimestamp: "always",
        stores: [],
        identities: [],
      },
    ]);
  });

  const change = (more: object): string => policyOf({ ...STATEMENT, ...more });
  const REFUSED: readonly (readonly [string, string, RegExp])[] = [
    [
      "another version",
      JSON.stringify({ version: "1.1", trustPolicies: [STATEMENT] }),
      /version: is "1\.1", expected 1\.0/,
    ],
    ["no version", JSON.stringify({ trustPolicies: [STATEMENT] }), /version/],
    ["no statement", policyOf(), /empty list/],
    ["YAML", `version: "1.0"\ntrustPolicies: []`, /not JSON/],
    ["a comment", `// x\n${policyOf(STATEMENT)}`, /not JSON|not valid/],
    ["two documents", `${policyOf(STATEMENT)}\n---\n${policyOf(STATEMENT)}`, /not JSON|not valid/],
    ["a key twice", policyOf(STATEMENT).replace('"name"', '"name":"a","name"'), /keys must be unique|twice|duplicate/i],
    ["a key in another case", change({ RegistryScopes: ["*"] }), /unknown key "RegistryScopes"/],
    ["an unknown key", change({ globalPolicy: true }), /unknown key "globalPolicy"/],
    ["no name", change({ name: undefined }), /name: is missing/],
    ["an empty name", change({ name: "" }), /name: is empty/],
    ["an unknown level", change({ signatureVerification: { level: "loose" } }), /level: is "loose"/],
    [
      "an override of integrity",
      change({ signatureVerification: { level: "audit", override: { integrity: "log" } } }),
      /unknown key "integrity"/,
    ],
    [
      "a skipped expiry",
      change({ signatureVerification: { level: "audit", override: { expiry: "skip" } } }),
      /expiry: is "skip"/,
    ],
    [
      "an unknown time for timestamps",
      change({ signatureVerification: { level: "strict", verifyTimestamp: "never" } }),
      /verifyTimestamp/,
    ],
    [
      "an override of skip",
      change({ trustStores: [], trustedIdentities: [], signatureVerification: { level: "skip", override: {} } }),
      /cannot be overridden/,
    ],
    ["stores under skip", change({ signatureVerification: { level: "skip" } }), /skips verification, but/],
    [
      "a scope with a tag",
      change({ registryScopes: ["registry.example.com/web:1"] }),
      /no repository|not a whole name/,
    ],
    ["a scope with a wildcard", change({ registryScopes: ["registry.example.com/*"] }), /no repository/],
    ["a short scope", change({ registryScopes: ["nginx"] }), /write docker\.io\/library\/nginx/],
    ["a store's name that leads elsewhere", change({ trustStores: ["ca:.."] }), /names no store/],
    ["a store's name with a slash", change({ trustStores: ["ca:a/b"] }), /names no store/],
    ["a store of an unknown type", change({ trustStores: ["CA:acme"] }), /names no store/],
    ["a store that is not there", change({ trustStores: ["ca:other"] }), /trust store ca:other .* cannot be read/],
    ["an identity in # form", change({ trustedIdentities: ["x509.subject: C=US, ST=WA, O=#04"] }), /begins with/],
  ];
  for (const [name, json, expected] of REFUSED) {
    test(`are refused with ${name}`, () => assert.match(problems(NAMED, withPolicy(json), list), expected));
  }

  test("are refused with the line and column of what is wrong", () => {
    const json = JSON.stringify(JSON.parse(change({ trustStores: ["*"] })), undefined, 2);
    assert.match(
      problems(NAMED, withPolicy(json), list),
      /p\.yaml:5:\d+: .*trustpolicy\.json:13:9: trustPolicies\[0\]\.trustStores\[0\]/,
    );
  });

  const STORES: readonly (readonly [string, readonly FolderEntry[], Files, RegExp])[] = [
    ["empty", [], {}, /no \*\.crt/],
    ["of folders alone", [{ name: "sub.crt", kind: "folder" }], {}, /no \*\.crt/],
    ["of other files alone", [{ name: "README", kind: "file" }], {}, /no \*\.crt/],
    [
      "with an empty file",
      [...FOLDER, { name: "b.pem", kind: "file" }],
      { "store/x509/ca/acme/b.pem": "" },
      /b\.pem" holds no certificate/,
    ],
    [
      "with a private key",
      FOLDER,
      { "store/x509/ca/acme/root.crt": "-----BEGIN PRIVATE KEY-----\n" },
      /holds a private key/,
    ],
    [
      "of more files than any",
      Array.from({ length: 300 }, (_, at): FolderEntry => ({ name: `${at}.crt`, kind: "file" })),
      {},
      /more than 256/,
    ],
  ];
  for (const [name, entries, files, expected] of STORES) {
    test(`are refused with a store ${name}`, () => {
      assert.match(
        problems(NAMED, { ...withPolicy(policyOf(STATEMENT)), ...files }, () => entries),
        expected,
      );
    });
  }

  test("warn of what else lies in a store", () => {
    const entries: readonly FolderEntry[] = [
      ...FOLDER,
      { name: "sub", kind: "folder" },
      { name: "notes.txt", kind: "file" },
    ];
    const parsed = parse(NAMED, withPolicy(policyOf(STATEMENT)), () => entries);
    assert.ok(parsed.kind === "parsed");
    assert.match(parsed.set.warnings.map(({ message }) => message).join(), /ca:acme holds "sub", "notes\.txt"/);
  });
});

suite("contradictions of a notation authority are refused", () => {
  const ROWS: readonly (readonly [string, string, RegExp])[] = [
    ["nothing", "metadata: {}", /trustStores: is missing/],
    ["no identities", "trustStores: { ca: [root.crt] }", /identities: is missing/],
    ["no identity", "trustStores: { ca: [root.crt] }, identities: []", /identities: is an empty list/],
    ["an identity without C", 'trustStores: { ca: [root.crt] }, identities: ["x509.subject: ST=WA, O=a"]', /no C/],
    ["timestamp authorities alone", 'trustStores: { tsa: [tsa.crt] }, identities: ["*"]', /nobody who could vouch/],
    ["a level that verifies nothing", `${OWN}, level: skip`, /level: is "skip"/],
    ["a trust policy without a store", "trustPolicy: trustpolicy.json", /trustPolicy: has no trustStore/],
    ["a trust store without a policy", "trustStore: store", /trustStore: has no trustPolicy/],
    ["both forms", `${NAMED}, level: audit`, /level: stands beside trustPolicy/],
    [
      "a file that is not there",
      'trustStores: { ca: [none.crt] }, identities: ["*"]',
      /trustStores\.ca\[0\]: the certificate file "none\.crt" cannot be read/,
    ],
    ["a trust policy that is not there", NAMED, /trust policy "trustpolicy\.json" cannot be read/],
  ];
  for (const [name, members, expected] of ROWS) test(name, () => assert.match(problems(members), expected));
});

suite("what a notation authority weakens is spelled", () => {
  const ROWS: readonly (readonly [string, readonly string[]])[] = [
    ["", []],
    ["level: permissive", ["level: permissive"]],
    ["level: audit", ["level: audit"]],
    ["override: { expiry: log, revocation: skip }", ["override: expiry: log", "override: revocation: skip"]],
    ["level: audit, override: { authenticity: enforce }", ["level: audit"]],
    ["level: permissive, override: { authenticity: log }", ["level: permissive", "override: authenticity: log"]],
  ];
  for (const [members, expected] of ROWS) {
    test(members === "" ? "nothing" : members, () =>
      assert.deepEqual(unsafeOf(members === "" ? OWN : `${OWN}, ${members}`), expected),
    );
  }

  test("with the statement of a trust policy", () => {
    const json = policyOf(
      { ...STATEMENT, signatureVerification: { level: "audit", override: { revocation: "skip" } } },
      { name: "rest", registryScopes: ["*"], signatureVerification: { level: "skip" } },
    );
    assert.deepEqual(unsafeOf(NAMED, withPolicy(json), list), [
      'trustPolicy "web": level: audit',
      'trustPolicy "web": override: revocation: skip',
      'trustPolicy "rest": level: skip',
    ]);
  });
});
