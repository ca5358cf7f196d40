import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, suite, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";

import { loadPolicies, readPolicySet } from "../../../src/adapters/files/policy-files.ts";
import { openPolicySource } from "../../../src/adapters/files/policy-source.ts";
import type { PolicySet } from "../../../src/domain/policy.ts";
import { policyYaml } from "../../support/policy-facts.ts";
import { root } from "../../support/signing/notation-judging.ts";
import { chainOf } from "../../support/signing/notation.ts";

const ROOT = mkdtempSync(join(tmpdir(), "assay-trust-"));
after(() => rmSync(ROOT, { recursive: true, force: true }));

const [, , other] = chainOf();
const AUTHORITY = `apiVersion: assay.dev/v1alpha1\nkind: Authority\nmetadata: { name: a }\nspec:\n  notation: { trustPolicy: trustpolicy.json, trustStore: truststore }\n---\n${policyYaml(["signed: { by: a }"])}`;
const STATEMENT = {
  name: "all",
  registryScopes: ["*"],
  signatureVerification: { level: "strict" },
  trustStores: ["ca:acme"],
  trustedIdentities: ["*"],
};

let folders = 0;

/** A policy folder whose authority has a trust policy and a store, with these files beside them. */
function folder(files: Readonly<Record<string, string | Uint8Array>>): string {
  const path = join(ROOT, `f${folders++}`);
  const all = {
    "policy.yaml": AUTHORITY,
    "trustpolicy.json": JSON.stringify({ version: "1.0", trustPolicies: [STATEMENT] }),
    ...files,
  };
  for (const [name, content] of Object.entries(all)) put(join(path, name), content);
  return path;
}

function put(path: string, content: string | Uint8Array): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, content);
}

function certificatesOf({ authorities }: PolicySet): readonly string[] {
  const spec = authorities[0]?.spec;
  return spec?.kind === "notation"
    ? spec.statements.flatMap(({ stores }) =>
        stores.flatMap(({ certificates }) => certificates.map(({ pem }) => pem.trim())),
      )
    : [];
}

function refusal(path: string): string {
  const { parse } = loadPolicies([path]);
  return parse.kind === "refused" ? parse.problems.map(({ message }) => message).join("\n") : "";
}

const STORE = "truststore/x509/ca/acme";

suite("a trust store in a folder", () => {
  test("is read in order of name, in PEM and DER, without hidden files and what lies deeper", () => {
    const path = folder({
      [`${STORE}/b.crt`]: root.pem,
      [`${STORE}/a.cer`]: other.der,
      [`${STORE}/.hidden.crt`]: "x",
      [`${STORE}/deeper/c.crt`]: "x",
      "truststore/x509/ca/unnamed/d.crt": "x",
    });
    assert.deepEqual(certificatesOf(readPolicySet([path])), [other.pem.trim(), root.pem.trim()]);
  });

  test("may be made of links within its folder, as a mounted ConfigMap is", () => {
    const path = folder({ "truststore/..2026/root.crt": root.pem });
    mkdirSync(join(path, STORE), { recursive: true });
    symlinkSync("..2026", join(path, "truststore/..data"));
    symlinkSync("../../../..data/root.crt", join(path, STORE, "root.crt"));
    assert.deepEqual(certificatesOf(readPolicySet([path])), [root.pem.trim()]);
  });

  test("is refused with a file that leads out of it", () => {
    const path = folder({ [`${STORE}/a.crt`]: root.pem, "outside.crt": other.pem });
    symlinkSync("../../../../outside.crt", join(path, STORE, "b.crt"));
    assert.match(refusal(path), /x509\/ca\/acme\/b\.crt is a link that leads out of the folder/);
  });

  test("is refused if the store itself leads out of it", () => {
    const path = folder({ "elsewhere/a.crt": root.pem });
    mkdirSync(join(path, "truststore/x509/ca"), { recursive: true });
    symlinkSync("../../../elsewhere", join(path, STORE));
    assert.match(refusal(path), /is a link that leads out of the folder/);
  });

  test("is refused with a link to nothing, as a file, and if it is not there", () => {
    const dangling = folder({ [`${STORE}/a.crt`]: root.pem });
    symlinkSync("nowhere.crt", join(dangling, STORE, "b.crt"));
    assert.match(refusal(dangling), /ca:acme .* cannot be read: there is no such file/);
    assert.match(refusal(folder({ [STORE]: "x" })), /a part of the path is not a folder/);
    assert.match(refusal(folder({})), /cannot be read: there is no such file/);
  });
});

suite("a changed trust store is noticed", () => {
  async function changes(path: string, change: () => void | Promise<void>, expected: readonly string[]): Promise<void> {
    const source = openPolicySource([path], { pollMs: 20, settleMs: 20 });
    try {
      assert.deepEqual(certificatesOf(source.current()), [root.pem.trim()]);
      await change();
      for (let at = 0; at < 500 && certificatesOf(source.current()).join() !== expected.join(); at++) await delay(10);
      assert.deepEqual(certificatesOf(source.current()), expected);
    } finally {
      await source.close();
    }
  }

  test("by a new certificate", async () => {
    const path = folder({ [`${STORE}/b.crt`]: root.pem });
    await changes(path, () => put(join(path, STORE, "a.crt"), other.pem), [other.pem.trim(), root.pem.trim()]);
  });

  test("by a new certificate where policies lie in the same folder", async () => {
    const path = folder({ [`${STORE}/b.crt`]: root.pem, [`${STORE}/notes.yaml`]: "x" });
    await changes(path, () => put(join(path, STORE, "a.crt"), other.pem), [other.pem.trim(), root.pem.trim()]);
  });

  test("by a changed certificate", async () => {
    const path = folder({ [`${STORE}/b.crt`]: root.pem });
    await changes(path, () => put(join(path, STORE, "b.crt"), other.pem), [other.pem.trim()]);
  });

  test("by a removed certificate", async () => {
    const path = folder({ [`${STORE}/a.crt`]: root.pem });
    await changes(path, () => {
      put(join(path, STORE, "b.crt"), other.pem);
      rmSync(join(path, STORE, "a.crt"));
    }, [other.pem.trim()]);
  });

  test("by the links of a ConfigMap being swapped", async () => {
    const path = folder({ "truststore/..1/root.crt": root.pem, "truststore/..2/root.crt": other.pem });
    mkdirSync(join(path, STORE), { recursive: true });
    symlinkSync("..1", join(path, "truststore/..data"));
    symlinkSync("../../../..data/root.crt", join(path, STORE, "root.crt"));
    await changes(path, () => {
      symlinkSync("..2", join(path, "truststore/..data_tmp"));
      renameSync(join(path, "truststore/..data_tmp"), join(path, "truststore/..data"));
    }, [other.pem.trim()]);
  });

  test("by a new store that was missing, and until then the last good policies stay", async () => {
    const path = folder({ [`${STORE}/b.crt`]: root.pem });
    const two = { ...STATEMENT, trustStores: ["ca:acme", "ca:later"] };
    const later = async (): Promise<void> => {
      put(join(path, "trustpolicy.json"), JSON.stringify({ version: "1.0", trustPolicies: [two] }));
      await delay(150);
      put(join(path, "truststore/x509/ca/later/a.crt"), other.pem);
    };
    await changes(path, later, [root.pem.trim(), other.pem.trim()]);
  });
});

test("a trust policy among policy files is no policy, and a policy of that look is none of them", () => {
  const path = folder({
    [`${STORE}/b.crt`]: root.pem,
    "other.json": JSON.stringify({ kind: "Policy", trustPolicies: [] }),
  });
  assert.match(refusal(path), /unknown key "trustPolicies"|apiVersion/);
});
