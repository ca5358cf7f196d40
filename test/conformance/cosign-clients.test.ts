import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { parseReference } from "../../src/domain/reference.ts";
import type { CosignAuthority } from "../../src/domain/trust.ts";
import { ClientLayout } from "../support/client-layout.ts";
import { judgeAll, targetOf, verdictOf } from "../support/signing/judging.ts";
import { cosignSpec } from "../support/signing/authority-spec.ts";

const layout = new ClientLayout("cosign");

function key(name: string): CosignAuthority["keys"][number] {
  return { pem: layout.text(`keys/${name}.pub`), from: `${name}.pub` };
}

const host = layout.text("keys/registry.txt").trim();
const root = {
  kind: "trusted-root",
  json: layout.text("keys/trusted_root.json"),
  from: "root",
} as const;

async function judge(
  repository: string,
  signer: string,
  trust: Partial<CosignAuthority> = {},
): Promise<readonly string[]> {
  const { images, digest } = layout.load(repository);
  const asked = { annotations: { env: "prod" }, ...trust };
  const spec = cosignSpec({ keys: [key(signer)], transparencyLog: { kind: "required", root }, ...asked });
  const target = { ...targetOf(digest), requested: parseReference(`${host}/${repository}@${digest}`) };
  return (await judgeAll(images, target, spec)).map(verdictOf);
}

const UNLOGGED = { transparencyLog: { kind: "unsafe-ignored" } } as const;
const STRANGER = "rejected unknown-key at signature";

describe("signatures by real cosign clients", () => {
  for (const signer of ["ecdsa", "p384", "rsa"]) {
    test(`2.5 with a ${signer} key and a log verifies under a tag`, async () => {
      assert.deepEqual(await judge(`tag/${signer}`, signer), ["verified"]);
      const rekorKeys = { kind: "required", root: { kind: "rekor-keys", keys: [key("log")] } } as const;
      assert.deepEqual(await judge(`tag/${signer}`, signer, { transparencyLog: rekorKeys }), ["verified"]);
    });
    test(`2.5 with a ${signer} key is another's to other keys, logs and annotations`, async () => {
      assert.deepEqual(await judge(`tag/${signer}`, "ecdsa-2"), [STRANGER]);
      const elsewhere = { kind: "required", root: { kind: "public-good" } } as const;
      assert.deepEqual(await judge(`tag/${signer}`, signer, { transparencyLog: elsewhere }), [
        "rejected log-untrusted at log",
      ]);
      const annotations = { env: "test" };
      assert.deepEqual(await judge(`tag/${signer}`, signer, { annotations }), [
        "rejected annotation-mismatch at predicate",
      ]);
    });
  }

  test("2.5 with an Ed25519 key verifies where the log is ignored, and is missing from a required one", async () => {
    assert.deepEqual(await judge("tag/ed25519", "ed25519", UNLOGGED), ["verified"]);
    assert.deepEqual(await judge("tag/ed25519", "ed25519"), ["rejected log-missing at log"]);
  });

  test("two keys under one tag are judged apart", async () => {
    assert.deepEqual(await judge("tag/two-keys", "ecdsa"), ["verified", STRANGER]);
    assert.deepEqual(await judge("tag/two-keys", "ecdsa-2"), [STRANGER, "verified"]);
    assert.deepEqual(await judge("tag/two-keys", "rsa"), [STRANGER, STRANGER]);
  });

  for (const signer of ["ecdsa", "rsa"]) {
    test(`3.1 with a ${signer} key and a log verifies as a bundle`, async () => {
      assert.deepEqual(await judge(`bundle/${signer}`, signer), ["verified"]);
      assert.deepEqual(await judge(`bundle/${signer}`, "ecdsa-2"), [STRANGER]);
      const annotations = { env: "test" };
      assert.deepEqual(await judge(`bundle/${signer}`, signer, { annotations }), [
        "rejected annotation-mismatch at predicate",
      ]);
    });
  }

  test("3.1 without a log verifies where the log is ignored, and is missing from a required one", async () => {
    assert.deepEqual(await judge("bundle/unlogged", "ecdsa", UNLOGGED), ["verified"]);
    assert.deepEqual(await judge("bundle/unlogged", "ecdsa"), ["rejected log-missing at log"]);
  });

  test("an attestation by 3.1 is no signature, although that client takes it for one", async () => {
    assert.deepEqual(await judge("bundle/attested", "ecdsa", { annotations: {} }), [
      "rejected wrong-predicate at found",
    ]);
  });

  test("both forms on one image are both found, and each only where it is looked for", async () => {
    assert.deepEqual(await judge("bundle/both-forms", "ecdsa"), ["verified", "verified"]);
    assert.deepEqual(await judge("bundle/both-forms", "ecdsa", { discover: ["tag"] }), ["verified"]);
    assert.deepEqual(await judge("bundle/both-forms", "ecdsa", { discover: ["referrers"] }), ["verified"]);
  });

  test("names: 2.5 signs the repository, 3.1 signs none", async () => {
    const trust = { signedIdentity: { kind: "matchRepository" } } as const;
    assert.deepEqual(await judge("tag/ecdsa", "ecdsa", trust), ["verified"]);
    assert.deepEqual(await judge("bundle/ecdsa", "ecdsa", trust), ["rejected wrong-identity at identity"]);
    const strict = { signedIdentity: { kind: "matchRepoDigestOrExact" } } as const;
    assert.deepEqual(await judge("tag/ecdsa", "ecdsa", strict), ["rejected wrong-identity at identity"]);
  });
});
