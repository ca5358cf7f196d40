import assert from "node:assert/strict";
import { suite, test } from "node:test";

import type { Digest } from "../../../src/domain/digest.ts";
import type { SchemeId } from "../../../src/domain/evidence.ts";
import { parseInstant } from "../../../src/domain/instant.ts";
import type { Authority, NotaryAuthority } from "../../../src/domain/trust.ts";
import { parsePolicyFiles } from "../../../src/policy/parse.ts";
import { formatProblem } from "../../../src/policy/problem.ts";
import { weakeningsOf } from "../../../src/policy/weakenings.ts";
import { notaryV1 } from "../../../src/schemes/notary-v1/scheme.ts";
import {
  authorityYaml,
  imageFacts,
  judged,
  keySigner,
  policySet,
  policyYaml,
  signature,
  verified,
} from "../../support/policy-facts.ts";
import { basicConstraints, issue } from "../../support/signing/certificates.ts";
import { GUN, TestCollection } from "../../support/signing/notary/collection.ts";
import { MemoryNotary, opinionOf, outcomeOf, targetFor, TestMemory } from "../../support/signing/notary/judging.ts";
import { makeSigner } from "../../support/signing/notary/signer.ts";

const IMAGE = `sha256:${"1".repeat(64)}` as Digest;
const corp = issue({ name: "corp", extensions: [basicConstraints()] });
const root = makeSigner("ecdsa-x509", { name: GUN, issuer: corp });
const collection = new TestCollection(GUN, root).sign("1.0", IMAGE);
const releases = collection.delegate("targets/releases");
collection.sign("1.0", IMAGE, "targets/releases");

const FILES: Readonly<Record<string, string>> = {
  "root.crt": root.certificate!.pem,
  "root.pub": root.key.pem,
  "corp.crt": corp.pem,
  "other.crt": issue({ name: GUN, extensions: [] }).pem,
  "other-ca.crt": issue({ name: "other", extensions: [basicConstraints()] }).pem,
  "alice.crt": releases.signers[0]!.certificate!.pem,
  "alice.pub": releases.signers[0]!.key.pem,
  "bob.pub": makeSigner().key.pem,
  "secret.pem": "-----BEGIN PRIVATE KEY-----\nMC4CAQ==\n-----END PRIVATE KEY-----\n",
  "mixed.pem": `${corp.pem}${root.key.pem}`,
  "text.txt": "no PEM",
};

const inline = (file: string): string => `inline: ${JSON.stringify(FILES[file])}`;
const SERVER = "server: https://notary.example.com";
const PINS = "pins: { rootKeys: [{ file: root.crt }] }";

function parse(members: string): ReturnType<typeof parsePolicyFiles> {
  const text = authorityYaml("dct").replace(/ {2}cosign: .*/, `  notary: { ${members} }`);
  const documents = `${text}\n---\n${policyYaml(["signed: { by: dct }"])}`;
  return parsePolicyFiles([{ name: "p.yaml", text: documents }], (_, path) => {
    const file = FILES[path];
    return file === undefined ? { error: "there is no such file" } : Buffer.from(file);
  });
}

function authority(members: string): Authority {
  const read = parse(members);
  assert.ok(read.kind === "parsed", JSON.stringify(read));
  return read.set.authorities[0]!;
}

function notary(members: string): NotaryAuthority {
  const { spec } = authority(members);
  assert.ok(spec.kind === "notary");
  return spec;
}

async function outcome(members: string): Promise<string> {
  const world = { notary: new MemoryNotary(collection.publish()), memory: new TestMemory() };
  return outcomeOf(await opinionOf(notary(members), world, targetFor(IMAGE)));
}

function problems(members: string): string {
  const read = parse(members);
  return read.kind === "refused" ? read.problems.map(formatProblem).join("\n") : "";
}

suite("each field of a notary authority flips a verdict", () => {
  const delegated = (keys: string): string => `${SERVER}, ${PINS}, delegations: [{ role: targets/releases${keys} }]`;
  const ROWS: readonly (readonly [string, string, string, string])[] = [
    [
      "gun",
      `${SERVER}, ${PINS}, gun: "{registry}/{repository}"`,
      `${SERVER}, ${PINS}, gun: "{repository}"`,
      "unsigned",
    ],
    [
      "pins.rootKeys.file",
      `${SERVER}, ${PINS}`,
      `${SERVER}, pins: { rootKeys: [{ file: other.crt }] }`,
      "root-untrusted",
    ],
    [
      "pins.rootKeys.inline",
      `${SERVER}, pins: { rootKeys: [{ ${inline("root.pub")} }] }`,
      `${SERVER}, pins: { rootKeys: [{ ${inline("bob.pub")} }] }`,
      "root-untrusted",
    ],
    [
      "pins.ca.file",
      `${SERVER}, pins: { ca: [{ file: corp.crt }] }`,
      `${SERVER}, pins: { ca: [{ file: other-ca.crt }] }`,
      "root-untrusted",
    ],
    [
      "pins.ca.inline",
      `${SERVER}, pins: { ca: [{ ${inline("corp.crt")} }] }`,
      `${SERVER}, pins: { ca: [{ ${inline("other-ca.crt")} }] }`,
      "root-untrusted",
    ],
    [
      "unsafeTrustOnFirstUse",
      `${SERVER}, unsafeTrustOnFirstUse: true`,
      `${SERVER}, pins: { rootKeys: [{ file: other.crt }] }`,
      "root-untrusted",
    ],
    ["delegations.role", delegated(""), `${SERVER}, ${PINS}, delegations: [{ role: targets/none }]`, "missing-role"],
    [
      "delegations.keys.file",
      delegated(", keys: [{ file: alice.crt }]"),
      delegated(", keys: [{ file: bob.pub }]"),
      "unknown-key",
    ],
    [
      "delegations.keys.inline",
      delegated(`, keys: [{ ${inline("alice.pub")} }]`),
      delegated(`, keys: [{ ${inline("bob.pub")} }]`),
      "unknown-key",
    ],
  ];
  for (const [field, good, bad, expected] of ROWS) {
    test(field, async () => assert.deepEqual([await outcome(good), await outcome(bad)], ["verified", expected]));
  }

  test("server and serverCA decide who is asked, and whom its TLS is believed by", async () => {
    const asked: unknown[] = [];
    const server = {
      metadata: async (where: unknown) => {
        asked.push(where);
        return await Promise.resolve(undefined);
      },
    };
    for (const members of [
      `${SERVER}, ${PINS}`,
      `server: "https://n.example:4443/dct/", serverCA: corp.crt, ${PINS}`,
    ]) {
      await opinionOf(notary(members), { notary: server, memory: new TestMemory() }, targetFor(IMAGE));
    }
    assert.deepEqual(asked, [
      { server: "https://notary.example.com", ca: undefined, gun: GUN },
      { server: "https://n.example:4443/dct", ca: corp.pem, gun: GUN },
    ]);
  });

  test("resolve decides whether a signed digest is the image", () => {
    const names = (resolve: string): boolean =>
      notaryV1.signedDigest?.(notary(`${SERVER}, ${PINS}${resolve}`)) !== undefined;
    assert.deepEqual([names(""), names(", resolve: registry"), names(", resolve: signedDigest")], [false, false, true]);
  });
});

suite("a notary authority", () => {
  test("is by default for a collection of the image's name, by any of its roles", () => {
    const { gun, delegations, resolve, serverCa } = notary(`${SERVER}, ${PINS}`);
    assert.deepEqual([gun, delegations, resolve, serverCa], ["{registry}/{repository}", [], "registry", undefined]);
  });

  test("shows that nothing is pinned in every verdict it touches", () => {
    const read = parse(`${SERVER}, unsafeTrustOnFirstUse: true`);
    assert.ok(read.kind === "parsed");
    const authorities = new Map(read.set.authorities.map((one) => [one.name, one]));
    assert.deepEqual(weakeningsOf(read.set.policies, authorities), ["authority dct: unsafeTrustOnFirstUse: true"]);
    assert.deepEqual(authority(`${SERVER}, ${PINS}`).unsafe, []);
  });

  const REFUSED: readonly (readonly [string, string, RegExp])[] = [
    ["without pins", SERVER, /spec\.notary\.pins: is missing: whoever answers/],
    ["with empty pins", `${SERVER}, pins: {}`, /must have either rootKeys/],
    ["with no root key", `${SERVER}, pins: { rootKeys: [] }`, /empty list/],
    [
      "with two kinds of pins",
      `${SERVER}, pins: { rootKeys: [{ file: root.crt }], ca: [{ file: corp.crt }] }`,
      /must have either rootKeys/,
    ],
    ["with pins and first use", `${SERVER}, ${PINS}, unsafeTrustOnFirstUse: true`, /both say where trust begins/],
    ["with first use switched off", `${SERVER}, unsafeTrustOnFirstUse: false`, /unsafeTrustOnFirstUse/],
    ["with trustOnFirstUse by a softer name", `${SERVER}, trustOnFirstUse: true`, /unknown key "trustOnFirstUse"/],
    ["without a server", PINS, /spec\.notary\.server: is missing/],
    ["whose server is no URL", `server: notary.example.com, ${PINS}`, /is not a server: write its URL/],
    ["whose server has credentials", `server: "https://a:b@notary.example.com", ${PINS}`, /is not a server/],
    ["whose server has a query", `server: "https://notary.example.com/?a=b", ${PINS}`, /is not a server/],
    ["whose server's path climbs", `server: "https://notary.example.com/a/../b", ${PINS}`, /is not a server/],
    ["whose server is a file", `server: "file:///etc", ${PINS}`, /is not a server/],
    ["whose collection climbs", `${SERVER}, ${PINS}, gun: "{registry}/../{repository}"`, /name of a collection/],
    ["whose collection has an unknown part", `${SERVER}, ${PINS}, gun: "{registry}/{tag}"`, /name of a collection/],
    ["whose delegation is a path", `${SERVER}, ${PINS}, delegations: [{ role: targets/../root }]`, /is not a role/],
    ["whose delegation is another role", `${SERVER}, ${PINS}, delegations: [{ role: snapshot }]`, /is not a role/],
    [
      "whose delegation is named twice",
      `${SERVER}, ${PINS}, delegations: [{ role: targets/a }, { role: targets/a }]`,
      /delegations\[1\]\.role: is named a second time/,
    ],
    ["whose delegation has no key", `${SERVER}, ${PINS}, delegations: [{ role: targets/a, keys: [] }]`, /empty list/],
    ["with a key that is not there", `${SERVER}, pins: { rootKeys: [{ file: no.crt }] }`, /"no\.crt" cannot be read/],
    ["with a private key", `${SERVER}, pins: { rootKeys: [{ file: secret.pem }] }`, /holds a private key/],
    ["with text for a key", `${SERVER}, pins: { rootKeys: [{ file: text.txt }] }`, /not a public key in PEM form/],
    [
      "with a key among certificates",
      `${SERVER}, pins: { rootKeys: [{ file: mixed.pem }] }`,
      /not made of certificates/,
    ],
    ["with a key for an authority", `${SERVER}, pins: { ca: [{ file: root.pub }] }`, /not made of certificates/],
    ["with a key for its server", `${SERVER}, ${PINS}, serverCA: root.pub`, /not made of certificates/],
    ["whose server's CA is not there", `${SERVER}, ${PINS}, serverCA: no.crt`, /"no\.crt" cannot be read/],
    ["with two ways to find a key", `${SERVER}, pins: { rootKeys: [{ file: a, inline: b }] }`, /either file: a path/],
    ["with an unknown resolve", `${SERVER}, ${PINS}, resolve: notary`, /expected one of registry, signedDigest/],
  ];
  for (const [how, members, message] of REFUSED) {
    test(`${how} is refused`, () => assert.match(problems(members), message));
  }
});

test("data that is over is said to be the data, not a signature", () => {
  const set = policySet(authorityYaml("a"), policyYaml(["signed: { by: a }"]));
  const fact = signature("a", verified([keySigner("alice")], undefined, parseInstant("2026-01-01T00:00:00Z")));
  const [finding] = judged(set, imageFacts({ signatures: [{ ...fact, scheme: "notary-v1" as SchemeId }] })).findings;
  assert.equal(finding?.reason, "signature-expired");
  assert.match(finding?.message ?? "", /^The trust data expired: .* counted until 2026-01-01T00:00:00\.000Z/);
});
