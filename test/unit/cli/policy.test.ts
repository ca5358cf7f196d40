import assert from "node:assert/strict";
import { test } from "node:test";

import type { PolicyReading } from "../../../src/cli/app.ts";
import type { ImagePattern, Policy } from "../../../src/domain/policy.ts";
import { cli, fakeWorld } from "../../support/cli-fake.ts";

const FILE = "policy/production.yaml";
const TEXT = "kind: Policy\nspec:\n  match: { imagse: [] }\n";

function policyNamed(name: string, path: string): Policy {
  const pattern = { text: path, host: "registry.example.com", path } as ImagePattern;
  return {
    name,
    match: { images: [pattern], exceptImages: [], namespaces: [], labels: {}, operations: [] },
    rules: [],
    platforms: { only: [], signatures: "either" },
    at: { file: FILE, line: 4, column: 1 },
  };
}

const REFUSED: PolicyReading = {
  kind: "refused",
  problems: [{ message: `unknown key "imagse"; did you mean "images"?`, at: { file: FILE, line: 3, column: 12 } }],
};

function accepted(policies: readonly Policy[], warnings: readonly string[] = []): PolicyReading {
  const at = { file: FILE, line: 1, column: 1 };
  const set = { authorities: [], policies, warnings: warnings.map((message) => ({ message, at })) };
  return { kind: "parsed", set };
}

function worldOf(loaded: PolicyReading, text = TEXT) {
  return Object.assign(fakeWorld(), { loaded, files: { [FILE]: text, "tests.yaml": "cases: []" } });
}

test("policy check shows each problem with its place, its line and a caret, and exits 3", async () => {
  const ran = await cli(["policy", "check", "policy"], worldOf(REFUSED));
  assert.equal(ran.code, 3);
  assert.equal(
    ran.out,
    `policy/production.yaml:3:12: error: unknown key "imagse"; did you mean "images"?
3 |   match: { imagse: [] }
               ^
`,
  );
  assert.equal(ran.err, "assay: policy has 1 problem; nothing of it can be used until they are mended\n");
});

test("policy check lists warnings and exits 0", async () => {
  const loaded = accepted([policyNamed("production", "shop")], ["the authority ci is used by no policy"]);
  const ran = await cli(["policy", "check", "policy"], worldOf(loaded));
  assert.equal(ran.code, 0);
  assert.equal(
    ran.out,
    `policy/production.yaml:1:1: warning: the authority ci is used by no policy
1 | kind: Policy
    ^
✔ policy: 1 policy, 0 authorities, 1 warning
`,
  );
  assert.equal(ran.err, "");
});

test("policy check escapes what a file could say to a terminal", async () => {
  const at = { file: FILE, line: 1, column: 3 };
  const loaded: PolicyReading = { kind: "refused", problems: [{ message: "bad \u001b[2J", at }] };
  const { out } = await cli(["policy", "check"], worldOf(loaded, "\u001b[2J: x"));
  assert.equal(out, `${FILE}:1:3: error: bad \\x1b[2J\n1 | \\x1b[2J: x\n         ^\n`);
});

test("policy check leaves the excerpt out where the place is not in the file", async () => {
  const at = { file: "other.yaml", line: 9, column: 1 };
  const loaded: PolicyReading = { kind: "refused", problems: [{ message: "unreadable", at }] };
  const { out } = await cli(["policy", "check"], worldOf(loaded));
  assert.equal(out, "other.yaml:9:1: error: unreadable\n");
});

test("policy test exits 1 when a test fails, and tells which expectation and where", async () => {
  const fake = worldOf(accepted([]));
  const at = { file: "tests.yaml", line: 2, column: 3 };
  const outcomes = [
    { name: "a signed image may run", at, passed: true, message: "" },
    { name: "an unsigned image may not", at, passed: false, message: "expected deny, got allow" },
  ];
  fake.testRun = { kind: "ran", outcomes };
  const ran = await cli(["policy", "test", "policy", "--tests", "tests.yaml"], fake);
  assert.equal(ran.code, 1);
  assert.equal(
    ran.out,
    `✔ a signed image may run
✖ an unsigned image may not
  tests.yaml:2:3: expected deny, got allow
2 tests: 1 passed, 1 failed
`,
  );
});

test("policy test exits 0 when all pass, and 3 where there is nothing to run or the policies are broken", async () => {
  const fake = worldOf(accepted([]));
  assert.equal((await cli(["policy", "test"], fake)).code, 3);
  const none = await cli(["policy", "test", "--tests", "tests.yaml"], fake);
  assert.equal(none.code, 3);
  assert.match(none.err, /No test is written in tests\.yaml: no test is no proof/);
  const at = { file: "tests.yaml", line: 1, column: 1 };
  fake.testRun = { kind: "ran", outcomes: [{ name: "x", at, passed: true, message: "" }] };
  assert.equal((await cli(["policy", "test", "--tests", "tests.yaml"], fake)).code, 0);
  const broken = await cli(["policy", "test", "--tests", "tests.yaml"], worldOf(REFUSED));
  assert.equal(broken.code, 3);
  assert.match(broken.err, /production\.yaml:3:12: error: unknown key/);
});

test("policy test exits 3 for a file that is not there, and for tests that cannot be read", async () => {
  const fake = worldOf(accepted([]));
  const none = await cli(["policy", "test", "--tests", "none.yaml"], fake);
  assert.equal(none.code, 3);
  assert.match(none.err, /none\.yaml cannot be read/);
  const at = { file: "tests.yaml", line: 1, column: 8 };
  fake.testRun = { kind: "refused", problems: [{ message: "cases is empty", at }] };
  const empty = await cli(["policy", "test", "--tests", "tests.yaml"], fake);
  assert.equal(empty.code, 3);
  assert.equal(empty.out, "");
  assert.equal(empty.err, "tests.yaml:1:8: error: cases is empty\n1 | cases: []\n           ^\n");
});

test("policy explain says what every policy that matches demands", async () => {
  const policies = [policyNamed("production", "shop/web"), policyNamed("base", "shop/web"), policyNamed("other", "x")];
  const ran = await cli(
    ["policy", "explain", "policy", "--image", "registry.example.com/shop/web:1"],
    worldOf(accepted(policies)),
  );
  assert.equal(ran.code, 0);
  assert.equal(
    ran.out,
    `production (policy/production.yaml:4)
  images must obey production

base (policy/production.yaml:4)
  images must obey base

Every one of these 2 policies must be satisfied.
`,
  );
});

test("policy explain says that an image no policy matches is denied", async () => {
  const ran = await cli(["policy", "explain", "p", "--image", "registry.example.com/y:1"], worldOf(accepted([])));
  assert.equal(ran.code, 0);
  assert.match(ran.out, /^No policy in p matches registry\.example\.com\/y:1: what no policy matches is denied/);
});

test("policy explain exits 3 for broken policies and for a reference that is none", async () => {
  assert.equal((await cli(["policy", "explain"], worldOf(REFUSED))).code, 3);
  assert.equal((await cli(["policy", "explain", "--image", "Y"], worldOf(accepted([])))).code, 3);
});

test("the policy commands take one path, and the configured one without", async () => {
  assert.equal((await cli(["policy", "check", "a", "b"], worldOf(REFUSED))).code, 3);
  const ran = await cli(["policy", "check"], worldOf(accepted([])), { env: { ASSAY_POLICY: "/etc/assay" } });
  assert.match(ran.out, /✔ \/etc\/assay: 0 policies, 0 authorities, 0 warnings/);
});

test("policy schema prints the schema that editors take", async () => {
  const ran = await cli(["policy", "schema"], fakeWorld());
  assert.deepEqual([ran.code, JSON.parse(ran.out)], [0, { title: "schema" }]);
});
