import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";

import { readKeyring } from "../../src/crypto/openpgp/keyring.ts";
import { checkMessage } from "../../src/crypto/openpgp/message-check.ts";
import { readSignedMessage } from "../../src/crypto/openpgp/signed-message.ts";
import { digestOf } from "../../src/crypto/digest-of.ts";
import type { Digest } from "../../src/domain/digest.ts";
import type { Opinion } from "../../src/domain/facts.ts";
import type { SignedIdentity } from "../../src/domain/trust.ts";
import { parsePolicyFiles } from "../../src/policy/parse.ts";
import { authorityYaml, policyYaml } from "../support/policy-facts.ts";
import { verdictOf } from "../support/signing/judging.ts";
import { judgeSimple, simpleAuthority } from "../support/signing/simple-signing.ts";
import { vectorFolder } from "../support/vectors.ts";

const folder = vectorFolder("containers-image");
const skip = folder === undefined ? "the fixtures of containers/image are absent: set ASSAY_VECTORS" : false;
const IMAGE = "sha256:20bf21ed457b390829cdbeec8795a7bea1626991fda603e0d01b4e7f60427e55" as Digest;
const MAIN_KEY = "08CD26E446E2E95249B7A405E932F44B23E8DD43";
const KEY_WITH_SUBKEY = "B9F4CDB9FD8C475BFA340AC38D54A947EE396F36";
const REFERENCE = "testing/manifest:latest";

function fixture(...path: string[]): Buffer {
  return readFileSync(join(folder!, "fixtures", ...path));
}

type Look = {
  readonly keyrings?: readonly string[];
  readonly digest?: Digest;
  readonly requested?: string;
  readonly signedIdentity?: SignedIdentity;
};

async function judge(signatures: readonly Buffer[], look: Look = {}): Promise<readonly Opinion[]> {
  const { keyrings = ["pubring.gpg"], digest = IMAGE, requested = REFERENCE } = look;
  const { signedIdentity = { kind: "matchRepository" } } = look;
  const authority = simpleAuthority(
    keyrings.map((name) => fixture(name)),
    { signedIdentity },
  );
  return judgeSimple(signatures, authority, { digest, requested });
}

describe("GPG signatures of containers/image", { skip }, () => {
  /** By all keys of the fixtures, where the image and its repository are the signed ones. */
  const ROWS: Readonly<Record<string, string>> = {
    "image.signature": "verified",
    "no-optional-fields.signature": "verified",
    "subkey.signature": "verified",
    "subkey.signature-v3": "verified",
    "expired.signature": "rejected malformed at subject",
    "invalid-blob.signature": "rejected malformed at subject",
    "invalid-blob.signature-v3": "rejected malformed at subject",
    "invalid-reference.signature": "rejected wrong-identity at identity",
    "corrupt.signature": "rejected malformed at parsed",
    "corrupt.signature-v3": "rejected malformed at parsed",
    "unknown-key.signature": "rejected unknown-key at signature",
    "unknown-key.signature-v3": "rejected unknown-key at signature",
    "subkey-revoked.signature": "rejected key-revoked at chain",
    "subkey-revoked.signature-v3": "rejected key-revoked at chain",
    "unsigned-literal.signature": "rejected no-signature at parsed",
    "unsigned-encrypted.signature": "rejected unsupported at parsed",
    "unknown-cosign-key.signature": "rejected unsupported at found",
  };
  for (const [name, expected] of Object.entries(ROWS)) {
    test(`${name}: ${expected}`, async () => {
      assert.deepEqual((await judge([fixture(name)])).map(verdictOf), [expected]);
    });
  }

  test("no signature among the fixtures is left out", () => {
    const names = readdirSync(join(folder!, "fixtures")).filter((name) => /\.signature(?:-v3)?$/.test(name));
    assert.deepEqual(names.toSorted(), Object.keys(ROWS).toSorted());
  });

  test("a signer is named by the primary key, and an unknown one by what the signature says", async () => {
    const [main, subkey, unknown] = await judge(
      ["image.signature", "subkey.signature", "unknown-key.signature"].map((name) => fixture(name)),
    );
    assert.ok(main?.kind === "verified" && main.signers[0]?.kind === "pgp");
    assert.equal(main.signers[0].fingerprint, MAIN_KEY);
    assert.ok(subkey?.kind === "verified" && subkey.signers[0]?.kind === "pgp");
    assert.equal(subkey.signers[0].fingerprint, KEY_WITH_SUBKEY);
    assert.match(unknown?.kind === "rejected" ? unknown.detail : "", /5F9470E3BC6C3B55/);
  });

  test("a subkey's signature is refused where only its revoked sibling's keyring is trusted", async () => {
    const look = { keyrings: ["public-key-with-revoked-subkey.gpg"] };
    const signatures = ["subkey.signature", "subkey-revoked.signature"].map((name) => fixture(name));
    const expected = ["rejected unknown-key at signature", "rejected key-revoked at chain"];
    assert.deepEqual((await judge(signatures, look)).map(verdictOf), expected);
  });

  test("a signature that expired counts until then, and not after", () => {
    const read = readSignedMessage(fixture("expired.signature"));
    assert.ok(read.kind === "signed");
    const check = checkMessage(read, readKeyring([{ bytes: fixture("public-key.gpg"), from: "public-key.gpg" }]));
    assert.ok(check.kind === "proved");
    assert.deepEqual([check.notBefore, check.notAfter], ["2025-06-23T21:00:58.000Z", "2025-06-24T10:00:00.000Z"]);
  });

  for (const keyring of ["secring.gpg", "trustdb.gpg", "some-rsa-key.pub", "image.signature", "policy.json"]) {
    test(`${keyring} is no keyring`, async () => {
      await assert.rejects(judge([], { keyrings: [keyring] }), { name: "InputError", code: "key" });
    });
  }
});

describe("dir: images of containers/image by public-key.gpg", { skip }, () => {
  const EXACT: SignedIdentity = { kind: "matchExact" };
  const OK = "verified";
  const OTHER_NAME = "rejected wrong-identity at identity";
  const OTHER_IMAGE = "rejected wrong-subject at subject";
  const ROWS: readonly (readonly [string, Look, readonly string[]])[] = [
    ["dir-img-valid", {}, [OK]],
    ["dir-img-valid", { requested: "testing/manifest:notlatest" }, [OTHER_NAME]],
    ["dir-img-valid", { requested: "testing/other:latest" }, [OTHER_NAME]],
    ["dir-img-valid", { keyrings: ["public-key-2.gpg"] }, ["rejected unknown-key at signature"]],
    ["dir-img-valid", { keyrings: ["public-key-2.gpg", "public-key-1.gpg"] }, [OK]],
    ["dir-img-valid-2", {}, [OK, OK]],
    ["dir-img-valid-2", { requested: "testing/manifest:notlatest" }, [OTHER_NAME, OTHER_NAME]],
    ["dir-img-mixed", {}, ["rejected malformed at subject", OK]],
    ["dir-img-unsigned", {}, []],
    ["dir-img-modified-manifest", {}, [OTHER_IMAGE]],
    ["dir-img-manifest-digest-error", {}, [OTHER_IMAGE]],
    ["dir-img-no-manifest", {}, [OTHER_IMAGE]],
    ["dir-img-valid-subkey", { keyrings: ["public-key-with-subkey.gpg"] }, [OK]],
    ["dir-img-valid-subkey", {}, ["rejected unknown-key at signature"]],
  ];
  for (const [image, look, expected] of ROWS) {
    test(`${image} ${JSON.stringify(look)}: ${expected.join(", ") || "nothing"}`, async () => {
      const path = join(folder!, "fixtures", image);
      const manifest = existsSync(join(path, "manifest.json")) ? fixture(image, "manifest.json") : "";
      const names = readdirSync(path).filter((name) => name.startsWith("signature-"));
      const signatures = names.toSorted().map((name) => fixture(image, name));
      const found = await judge(signatures, {
        keyrings: ["public-key.gpg"],
        digest: digestOf(manifest),
        signedIdentity: EXACT,
        ...look,
      });
      assert.deepEqual(found.map(verdictOf), expected);
    });
  }

  test("no GPG-signed image among the fixtures is left out", () => {
    const names = readdirSync(join(folder!, "fixtures")).filter((name) => /^dir-img-(?!cosign)/.test(name));
    assert.deepEqual(names.toSorted(), [...new Set(ROWS.map(([image]) => image))].toSorted());
  });
});

describe("requirements of the policy.json of containers/image", { skip }, () => {
  type Requirement = {
    readonly type: string;
    readonly keyType?: string;
    readonly keyPath?: string;
    readonly keyPaths?: readonly string[];
    readonly keyData?: string;
    readonly signedIdentity?: unknown;
  };
  type Transports = { readonly transports: { readonly docker: Readonly<Record<string, readonly Requirement[]>> } };

  /** What kind of authority a requirement makes, or why it makes none. */
  function authorityFor(requirement: Requirement): string {
    const { keyPath, keyPaths = [keyPath ?? "inline"], keyData, signedIdentity } = requirement;
    const spec = { keyrings: keyPaths, registryExtension: true, signedIdentity };
    const text = authorityYaml("a").replace(/ {2}cosign: .*/, `  simpleSigning: ${JSON.stringify(spec)}`);
    const bytes = keyData === undefined ? fixture("public-key.gpg") : Buffer.from(keyData, "base64");
    const parse = parsePolicyFiles(
      [{ name: "p.yaml", text: `${text}\n---\n${policyYaml(["signed: { by: a }"])}` }],
      () => bytes,
    );
    if (parse.kind === "refused") return parse.problems.map(({ message }) => message).join("; ");
    const made = parse.set.authorities[0]?.spec;
    return made?.kind === "simpleSigning" ? made.signedIdentity.kind : "another";
  }

  test("every kind of GPG requirement that containers/image evaluates can be written as an authority", () => {
    const { transports } = JSON.parse(fixture("policy.json").toString()) as Transports;
    const gpg = Object.values(transports.docker)
      .flat()
      .filter(({ type, keyType }) => type === "signedBy" && keyType === "GPGKeys");
    assert.deepEqual(gpg.map(authorityFor), [
      "matchRepoDigestOrExact",
      "matchRepository",
      "matchRepoDigestOrExact",
      "remapIdentity",
    ]);
  });

  test("key data that is nonsense is refused", () => {
    const { transports } = JSON.parse(fixture("policy.json").toString()) as Transports;
    const [bogus] = transports.docker["bogus/key-data-example"] ?? [];
    assert.match(authorityFor(bogus ?? assert.fail()), /is not a keyring/);
  });
});
