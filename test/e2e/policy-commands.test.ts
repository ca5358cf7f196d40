import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

import { runAssay } from "../support/assay-process.ts";
import { SupplyChain } from "../support/supply-chain.ts";

const RULES = "- signed: { by: release-key }\n- user: nonRoot";

test("policy check accepts good files, and shows each mistake of bad ones at its place", async () => {
  await using chain = await SupplyChain.start();
  chain.writePolicy(RULES);
  const good = await runAssay(["policy", "check"], chain.env());
  assert.deepEqual([good.code, good.err], [0, ""]);
  assert.match(good.out, /1 policy, 1 authority, 0 warnings/);
  chain.writePolicy("- signd: { by: release-key }\n- user: noRoot");
  const bad = await runAssay(["policy", "check"], chain.env());
  assert.equal(bad.code, 3);
  assert.match(bad.out, /policy\.yaml:\d+:\d+: error: .*did you mean "signed"/);
  assert.match(bad.out, /policy\.yaml:\d+:\d+: error: .*nonRoot/);
});

test("policy explain says what is demanded of an image, and that an unmatched one is denied", async () => {
  await using chain = await SupplyChain.start();
  chain.writePolicy(RULES);
  const matched = await runAssay(["policy", "explain", "--image", chain.ref("shop/web:1")], chain.env());
  assert.equal(matched.code, 0);
  assert.match(matched.out, /signed by release-key/);
  assert.match(matched.out, /other than root/);
  const unmatched = await runAssay(["policy", "explain", "--image", "registry.example.com/web:1"], chain.env());
  assert.match(unmatched.out, /denied/);
});

test("policy test judges written cases by the real rules, and fails on one that expects otherwise", async () => {
  await using chain = await SupplyChain.start();
  chain.writePolicy(RULES);
  const tests = (expect: string): string => `apiVersion: assay.dev/v1alpha1
kind: PolicyTest
metadata: { name: web }
cases:
  - name: a signed image that is not root
    image: ${chain.ref("shop/web:1")}
    given: { signedBy: [release-key], user: nonroot }
    expect: allow
  - name: the same unsigned
    image: ${chain.ref("shop/web:1")}
    given: { signedBy: [], user: nonroot }
    expect: ${expect}
`;
  const file = join(chain.folder, "tests.yaml");
  writeFileSync(file, tests("deny"));
  const passing = await runAssay(["policy", "test", "--tests", file], chain.env());
  assert.equal(passing.code, 0);
  assert.match(passing.out, /2 tests: 2 passed, 0 failed/);
  writeFileSync(file, tests("allow"));
  const failing = await runAssay(["policy", "test", "--tests", file], chain.env());
  assert.equal(failing.code, 1);
  assert.match(failing.out, /2 tests: 1 passed, 1 failed/);
});

test("policy schema prints a JSON Schema that names both kinds of document", async () => {
  const ran = await runAssay(["policy", "schema"], {});
  assert.equal(ran.code, 0);
  const schema = JSON.stringify(JSON.parse(ran.out));
  for (const word of ["Authority", "Policy", "unsafeAllow", "atLeast"]) assert.ok(schema.includes(word), word);
});
