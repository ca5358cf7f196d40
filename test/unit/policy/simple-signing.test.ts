import assert from "node:assert/strict";
import { suite, test } from "node:test";

import type { SimpleSigningAuthority } from "../../../src/domain/trust.ts";
import { matchPolicies } from "../../../src/policy/match.ts";
import { parsePolicyFiles, type PolicyParse } from "../../../src/policy/parse.ts";
import { formatProblem } from "../../../src/policy/problem.ts";
import { weakeningsOf } from "../../../src/policy/weakenings.ts";
import { authorityYaml, policyYaml, REPOSITORY } from "../../support/policy-facts.ts";
import { keyringOf, packet, PgpKey } from "../../support/signing/openpgp.ts";

const key = new PgpKey();
const RING = keyringOf(key);
const ARMOURED = Buffer.from(
  `-----BEGIN PGP PUBLIC KEY BLOCK-----\n\n${RING.toString("base64")}\n-----END PGP PUBLIC KEY BLOCK-----\n`,
);

type Files = Readonly<Record<string, Uint8Array>>;
const FILES: Files = { "a.gpg": RING, "b.asc": ARMOURED };
const PLACE = "registryExtension: true";

function parse(members: string, files: Files = FILES): PolicyParse {
  const text = authorityYaml("a").replace(/ {2}cosign: .*/, `  simpleSigning: { ${members} }`);
  const documents = `${text}\n---\n${policyYaml(["signed: { by: a }"])}`;
  const read = (_: string, path: string) => files[path] ?? { error: "there is no such file" };
  return parsePolicyFiles([{ name: "p.yaml", text: documents }], read);
}

function authority(members: string): SimpleSigningAuthority {
  const parsed = parse(members);
  assert.ok(parsed.kind === "parsed", JSON.stringify(parsed));
  const spec = parsed.set.authorities[0]?.spec;
  assert.ok(spec?.kind === "simpleSigning");
  return spec;
}

function problems(members: string, files: Files = FILES): string {
  const parsed = parse(members, files);
  return parsed.kind === "refused" ? parsed.problems.map(formatProblem).join("\n") : "parsed";
}

suite("each field of a simpleSigning authority reaches the domain", () => {
  const plain = authority(`keyrings: [a.gpg], ${PLACE}`);

  test("defaults", () => {
    assert.deepEqual(plain, {
      kind: "simpleSigning",
      keyrings: [{ hex: RING.toString("hex"), from: "a.gpg" }],
      place: { kind: "registry-extension" },
      signedIdentity: { kind: "matchRepoDigestOrExact" },
    });
  });

  test("keyrings, binary and armoured", () => {
    const { keyrings } = authority(`keyrings: [b.asc, a.gpg], ${PLACE}`);
    assert.deepEqual(keyrings, [
      { hex: ARMOURED.toString("hex"), from: "b.asc" },
      { hex: RING.toString("hex"), from: "a.gpg" },
    ]);
  });

  test("lookaside, without the slash at its end", () => {
    for (const written of ["https://s.example/sigs", "https://s.example/sigs/", "https://s.example/sigs//"]) {
      const { place } = authority(`keyrings: [a.gpg], lookaside: "${written}"`);
      assert.deepEqual(place, { kind: "lookaside", url: "https://s.example/sigs" });
    }
  });

  const IDENTITIES: readonly (readonly [string, SimpleSigningAuthority["signedIdentity"]])[] = [
    ["matchExact", { kind: "matchExact" }],
    ["matchRepository", { kind: "matchRepository" }],
    ["{ type: matchRepoDigestOrExact }", { kind: "matchRepoDigestOrExact" }],
    [
      '{ type: exactReference, reference: "a.example/web:1" }',
      { kind: "exactReference", reference: "a.example/web:1" },
    ],
    ["{ type: exactRepository, repository: a.example/web }", { kind: "exactRepository", repository: "a.example/web" }],
    [
      "{ type: remapIdentity, prefix: mirror.example, signedPrefix: a.example }",
      { kind: "remapIdentity", prefix: "mirror.example", signedPrefix: "a.example" },
    ],
  ];
  for (const [written, signedIdentity] of IDENTITIES) {
    test(`signedIdentity: ${written}`, () => {
      assert.deepEqual(authority(`keyrings: [a.gpg], ${PLACE}, signedIdentity: ${written}`), {
        ...plain,
        signedIdentity,
      });
    });
  }
});

suite("a simpleSigning authority is refused, with file, line and column", () => {
  const ROWS: readonly (readonly [string, string, RegExp])[] = [
    ["without keyrings", PLACE, /p\.yaml:5:\d+: .*keyrings/],
    ["with an empty list of keyrings", `keyrings: [], ${PLACE}`, /keyrings: is an empty list/],
    [
      "without a place",
      "keyrings: [a.gpg]",
      /p\.yaml:5:\d+: .*must have either lookaside: a URL, or registryExtension/,
    ],
    [
      "with both places",
      `keyrings: [a.gpg], ${PLACE}, lookaside: "https://s.example"`,
      /must have either lookaside: a URL, or registryExtension/,
    ],
    ["with a registry extension that is off", "keyrings: [a.gpg], registryExtension: false", /registryExtension/],
    ["with an unknown member", `keyrings: [a.gpg], ${PLACE}, keyPath: x`, /unknown key "keyPath"/],
    ["with a lookaside on disk", 'keyrings: [a.gpg], lookaside: "file:///var/lib/sigs"', /is not a web address/],
    ["with a lookaside without a host", 'keyrings: [a.gpg], lookaside: "https:///sigs"', /a part that is not allowed/],
    [
      "with a user in the lookaside",
      'keyrings: [a.gpg], lookaside: "https://u:p@s.example"',
      /a part that is not allowed/,
    ],
    [
      "with a query in the lookaside",
      'keyrings: [a.gpg], lookaside: "https://s.example/?a"',
      /a part that is not allowed/,
    ],
    [
      "with a fragment in the lookaside",
      'keyrings: [a.gpg], lookaside: "https://s.example/#a"',
      /a part that is not allowed/,
    ],
    ["with another identity", `keyrings: [a.gpg], ${PLACE}, signedIdentity: any`, /signedIdentity/],
    [
      "with a keyring that is not there",
      `keyrings: [none.gpg], ${PLACE}`,
      /p\.yaml:5:\d+: .*keyrings\[0\]: the keyring "none\.gpg" cannot be read/,
    ],
  ];
  for (const [what, members, expected] of ROWS) test(what, () => assert.match(problems(members), expected));

  const keybox = Buffer.concat([Buffer.alloc(8), Buffer.from("KBXf"), Buffer.alloc(20)]);
  const BAD: readonly (readonly [string, Uint8Array, RegExp])[] = [
    ["an empty file", Buffer.alloc(0), /is empty/],
    ["a secret key", packet(5, key.body), /holds a secret key/],
    ["an armoured secret key", Buffer.from("-----BEGIN PGP PRIVATE KEY BLOCK-----\n"), /holds a secret key/],
    ["GnuPG's keybox", keybox, /is GnuPG's own store: export/],
    ["a PEM key", Buffer.from("-----BEGIN PUBLIC KEY-----\n"), /is PEM, not a keyring/],
    ["words", Buffer.from("our keys"), /is not a keyring/],
    ["too much", Buffer.alloc(1024 * 1024 + 1, 0x98), /is larger than 1048576 bytes/],
  ];
  for (const [what, bytes, expected] of BAD) {
    test(`with ${what} for a keyring`, () => {
      const found = problems(`keyrings: [a.gpg, bad.gpg], ${PLACE}`, { ...FILES, "bad.gpg": bytes });
      assert.match(
        found,
        new RegExp(`^p\\.yaml:5:\\d+: .*keyrings\\[1\\]: the keyring "bad\\.gpg" ${expected.source}`),
      );
    });
  }
});

test("a lookaside over plain HTTP shows in each verdict that it touched, one over HTTPS does not", () => {
  const unsafe = (url: string): readonly string[] => {
    const parsed = parse(`keyrings: [a.gpg], lookaside: "${url}"`);
    assert.ok(parsed.kind === "parsed");
    const { authorities } = parsed.set;
    return weakeningsOf(matchPolicies(parsed.set, REPOSITORY), new Map(authorities.map((each) => [each.name, each])));
  };
  assert.deepEqual(unsafe("https://s.example"), []);
  assert.deepEqual(unsafe("http://s.example"), ["authority a: lookaside: http://s.example (plain HTTP)"]);
});
