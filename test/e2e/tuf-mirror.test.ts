import assert from "node:assert/strict";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, before, beforeEach, describe, test } from "node:test";

import type { VerdictJson } from "../../src/domain/verdict-json.ts";
import type { Verdict } from "../../src/domain/verdict.ts";
import { runAssay } from "../support/assay-process.ts";
import { issueCertificate, type ServerCertificate } from "../support/certificates.ts";
import { KeylessChain } from "../support/signing/keyless-chain.ts";
import { ISSUER, WORKFLOW } from "../support/signing/virtual-fulcio.ts";
import { DISTROLESS_FILES, SupplyChain, verdictOf } from "../support/supply-chain.ts";
import { TestTufRepository } from "../support/tuf-repository.ts";

const PAST = "2020-01-01T00:00:00Z";

describe("an image signed below a private Fulcio root that a TUF mirror distributes", { timeout: 60_000 }, () => {
  let tls: ServerCertificate;
  let chain: SupplyChain;
  let mirror: TestTufRepository;
  let address: string;
  let image: string;

  before(() => {
    tls = issueCertificate();
  });
  beforeEach(async () => {
    [chain, mirror] = await Promise.all([SupplyChain.start(), TestTufRepository.start(tls)]);
    address = mirror.named.mirror;
    writeFileSync(join(chain.folder, "ca.pem"), tls.ca);
    writeFileSync(join(chain.folder, "policy/mirror-root.json"), mirror.named.rootJson);
    chain.writeKeylessPolicy("", [chain.host], `{ tufMirror: "${address}", root: mirror-root.json }`);
    const { manifest } = await chain.push("shop/web:1", { user: "65532" }, DISTROLESS_FILES);
    await chain.attach("shop/web", chain.keyless.legacy(manifest.descriptor.digest));
    image = chain.ref("shop/web:1");
  });
  afterEach(async () => {
    await Promise.all([chain[Symbol.asyncDispose](), mirror.stop().catch(() => {})]);
  });

  const rootOf = ({ keyless }: { readonly keyless: KeylessChain }): string => JSON.stringify(keyless.rootJson());

  /** A process of its own each time; `data` is what it keeps. */
  async function judged(data?: string): Promise<Verdict> {
    const kept = data === undefined ? {} : { ASSAY_DATA: join(chain.folder, data) };
    if (data !== undefined) mkdirSync(join(chain.folder, data), { recursive: true });
    const app = await chain.compose({ ASSAY_REGISTRY_CA: join(chain.folder, "ca.pem"), ...kept });
    const verdict = await verdictOf(app, image);
    await app.close(0);
    return verdict;
  }

  /** What is denied because the mirror gave no root: not determined, and the mirror named. */
  function isUndetermined(verdict: Verdict | VerdictJson): void {
    assert.equal(verdict.decision, "deny");
    assert.deepEqual(
      verdict.findings.map(({ outcome, reason }) => [outcome, reason]),
      [["undetermined", "gap"]],
    );
    assert.deepEqual(
      verdict.signatures.map(({ status }) => status),
      ["undetermined"],
    );
    const [finding] = verdict.findings;
    assert.ok(finding?.message.includes(`(unreachable: "${address}")`), finding?.message);
    assert.match(verdict.gaps[0]?.detail ?? "", /does not answer, its metadata have expired, or they do not verify/);
  }

  test("is allowed, and the verdict names who signed", async () => {
    mirror.publish(rootOf(chain));
    const verdict = await judged();
    assert.equal(verdict.decision, "allow", JSON.stringify(verdict.findings));
    assert.deepEqual(
      verdict.signatures.map(({ status, signer }) => [status, signer]),
      [["verified", { kind: "identity", issuer: ISSUER, subject: WORKFLOW }]],
    );
  });

  test("is denied where the mirror distributes another instance's root", async () => {
    mirror.publish(rootOf({ keyless: new KeylessChain() }));
    const verdict = await judged();
    assert.equal(verdict.decision, "deny");
    assert.deepEqual(
      verdict.signatures.map(({ status, reason }) => [status, reason]),
      [["rejected", "certificate-untrusted"]],
    );
  });

  test("is allowed while the mirror is down by what was kept of it, and not determined without", async () => {
    mirror.publish(rootOf(chain));
    assert.equal((await judged("data")).decision, "allow");
    await mirror.stop();
    assert.equal((await judged("data")).decision, "allow");
    rmSync(join(chain.folder, "data"), { recursive: true });
    isUndetermined(await judged("data"));
  });

  test("is not determined where the mirror's metadata have expired, and the log says which", async () => {
    mirror.publish(rootOf(chain), { expires: { timestamp: PAST } });
    const env = { ASSAY_REGISTRY_CA: join(chain.folder, "ca.pem"), ASSAY_LOG_LEVEL: "warn" };
    const { code, out, err } = await runAssay(["verify", image, "--format", "json"], chain.env(env));
    assert.equal(code, 2, err);
    isUndetermined(JSON.parse(out) as VerdictJson);
    assert.match(err, /timestamp\.json is expired.*"trust root refused"/);
  });

  for (const role of ["snapshot", "targets"] as const) {
    test(`is not determined where only the mirror's ${role} metadata have expired`, async () => {
      mirror.publish(rootOf(chain), { expires: { [role]: PAST } });
      isUndetermined(await judged());
    });
  }

  test("is not determined where the mirror serves another root than its targets name", async () => {
    mirror.publish(rootOf(chain), { served: Buffer.from(rootOf({ keyless: new KeylessChain() })) });
    isUndetermined(await judged());
  });
});
