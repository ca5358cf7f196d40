import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import type { Digest } from "../../src/domain/digest.ts";
import type { Verdict } from "../../src/domain/verdict.ts";
import { attest, type AttestationOptions } from "../support/signing/attestation.ts";
import { makeKey } from "../support/signing/keys.ts";
import { DISTROLESS_FILES, reasonsOf, SupplyChain, verdictOf } from "../support/supply-chain.ts";

const VEX = "https://openvex.dev/ns/v0.2.0";
const SCAN = {
  scanner: { result: { Results: [{ Vulnerabilities: [{ VulnerabilityID: "CVE-1", Severity: "CRITICAL" }] }] } },
};
const JOIN = `- attested:
    join:
      scan: { by: release-key, predicateType: vuln }
      vex: { by: release-key, predicateType: openvex }
    where: |
      scan.predicate.scanner.result.Results.all(r,
        r.Vulnerabilities.all(v, v.Severity != 'CRITICAL' ||
          vex.predicate.statements.exists(s, s.vulnerability.name == v.VulnerabilityID && s.status == 'not_affected')))`;

describe("images that must be attested", () => {
  let chain: SupplyChain;
  let made = 0;

  before(async () => {
    chain = await SupplyChain.start();
  });
  after(async () => {
    await chain[Symbol.asyncDispose]();
  });

  type Attested = Partial<AttestationOptions>;

  /** An image of its own with these attestations, judged by these rules. */
  async function judged(rules: string, ...attestations: readonly Attested[]): Promise<Verdict> {
    made += 1;
    const repository = `shop/attested-${made}`;
    const built = await chain.push(`${repository}:1`, { user: "65532", labels: { repository } }, DISTROLESS_FILES);
    const image: Digest = built.manifest.descriptor.digest;
    const [first, ...rest] = attestations.map((one) => ({ image, key: chain.key, log: chain.log, ...one }));
    if (first !== undefined) await chain.attach(repository, attest(first, ...rest));
    chain.writePolicy(rules);
    return verdictOf(await chain.compose(), chain.ref(`${repository}:1`));
  }

  const scanned = (where: string) =>
    `- attested: { by: release-key, predicateType: vuln, notOlderThan: 20000d, where: "${where}" }`;
  const PASSED = scanned("predicate.scanner.result == 'passed'");

  test("are allowed where a verified statement is as asked", async () => {
    const verdict = await judged(PASSED, {});
    assert.equal(verdict.decision, "allow", JSON.stringify(verdict.findings));
    assert.deepEqual(
      verdict.signatures.map(({ role, status }) => [role, status]),
      [["attestation", "verified"]],
    );
    assert.notEqual(verdict.validUntil, undefined);
  });

  test("are denied where it says otherwise, and told what it says", async () => {
    const verdict = await judged(PASSED, { predicate: { scanner: { result: "failed" } } });
    assert.deepEqual(reasonsOf(verdict), ["predicate-mismatch"]);
    assert.match(verdict.findings[0]?.message ?? "", /predicate.scanner.result is "failed"/);
  });

  test("are denied without one, with one of another type, by another key, or about another image", async () => {
    assert.deepEqual(reasonsOf(await judged(PASSED)), ["unattested"]);
    assert.deepEqual(reasonsOf(await judged(PASSED, { predicateType: VEX })), ["unattested"]);
    assert.deepEqual(reasonsOf(await judged(PASSED, { key: makeKey() })), ["wrongly-signed"]);
    const other = { image: `sha256:${"0".repeat(64)}` as Digest };
    assert.deepEqual(
      reasonsOf(
        await judged(PASSED, {
          statement: (proper) => proper.replace(/"sha256":"[0-9a-f]+"/, `"sha256":"${other.image.slice(7)}"`),
        }),
      ),
      ["wrongly-signed"],
    );
  });

  test("are denied where it was logged too long ago", async () => {
    assert.deepEqual(reasonsOf(await judged(PASSED.replace("20000d", "24h"), {})), ["too-old"]);
  });

  test("are denied where the statement cannot be judged", async () => {
    assert.deepEqual(reasonsOf(await judged(PASSED, { predicate: {} })), ["predicate-error"]);
  });

  test("are judged by a scan and the VEX that excuses what it found", async () => {
    const vex = (status: string) => ({
      predicateType: VEX,
      predicate: { statements: [{ vulnerability: { name: "CVE-1" }, status }] },
    });
    assert.equal((await judged(JOIN, { predicate: SCAN }, vex("not_affected"))).decision, "allow");
    assert.deepEqual(reasonsOf(await judged(JOIN, { predicate: SCAN }, vex("affected"))), ["predicate-mismatch"]);
    assert.deepEqual(reasonsOf(await judged(JOIN, { predicate: SCAN })), ["unattested"]);
  });

  test("are judged by the parts that are asked for of a statement too large to be held", async () => {
    const packages = Array.from({ length: 60_000 }, (_, at) => ({
      SPDXID: `SPDXRef-Package-${at}`,
      name: `package-${at}`,
      licenseConcluded: "MIT",
    }));
    const document = {
      predicateType: "https://spdx.dev/Document/v2.3",
      predicate: { spdxVersion: "SPDX-2.3", packages, creationInfo: { creators: ["Tool: syft-1.0"] } },
    };
    const asked = (where: string) => `- attested: { by: release-key, predicateType: spdxjson, where: "${where}" }`;
    const allowed = await judged(
      asked("predicate.creationInfo.creators.exists(c, c.startsWith('Tool: syft'))"),
      document,
    );
    assert.equal(allowed.decision, "allow", JSON.stringify(allowed.findings));
    const denied = await judged(asked("predicate.spdxVersion == 'SPDX-3.0'"), document);
    assert.deepEqual(reasonsOf(denied), ["predicate-mismatch"]);
  });
});
