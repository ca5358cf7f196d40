import assert from "node:assert/strict";
import { suite, test } from "node:test";

import { InputError } from "../../../src/domain/errors.ts";
import type { ImageReference, Tag } from "../../../src/domain/reference.ts";
import { explainPolicy } from "../../../src/policy/explain.ts";
import { parsePolicyTests } from "../../../src/policy/policy-test-document.ts";
import { runPolicyTests } from "../../../src/policy/policy-test.ts";
import { formatProblem } from "../../../src/policy/problem.ts";
import { authorityYaml, policySet, policyYaml, repository } from "../../support/policy-facts.ts";

/** Reads `host/path:tag`; all the tests need. */
function parseImage(text: string): ImageReference {
  const match = /^([^/]+)\/([^:]+):(.+)$/.exec(text);
  if (match === null) throw new InputError("reference", `"${text}" is not a reference`);
  return { kind: "tag", repository: repository(match[1] ?? "", match[2] ?? ""), tag: match[3] as Tag };
}

const SET = policySet(
  authorityYaml("release-key"),
  authorityYaml("ci"),
  policyYaml(
    [
      "signed: { by: { atLeast: 2, of: [release-key, ci] } }",
      "{ user: nonRoot, enforcement: warn }",
      "absent: [shell]",
      "clean: [secret-in-file, no-healthcheck]",
      "age: { atMost: 30d }",
    ],
    'match: { images: ["registry.example.com/prod/**"], namespaces: [prod] }',
  ),
);

const GOOD = "signedBy: [release-key, ci], user: nonroot, composition: distroless, flaws: [clutter], age: 1d";

function run(line: string, head = "") {
  const text = ["apiVersion: assay.dev/v1alpha1", "kind: PolicyTest", head, "cases:", `  - ${line}`].join("\n");
  const parse = parsePolicyTests([{ name: "test.yaml", text }]);
  assert.ok(parse.kind === "parsed", JSON.stringify(parse));
  const [result] = runPolicyTests(SET, parse.tests, parseImage);
  assert.ok(result !== undefined);
  return result;
}

function refused(line: string): string {
  const text = ["apiVersion: assay.dev/v1alpha1", "kind: PolicyTest", "cases:", `  - ${line}`].join("\n");
  const parse = parsePolicyTests([{ name: "test.yaml", text }]);
  return parse.kind === "refused" ? parse.problems.map(formatProblem).join("\n") : "";
}

const CASE = "name: it, image: 'registry.example.com/prod/web:1'";

suite("a policy test", () => {
  const ROWS: readonly (readonly [string, string, string])[] = [
    ["allows what satisfies all", GOOD, "allow"],
    ["warns of root", GOOD.replace("nonroot", "root"), "warn, because: root-user"],
    ["denies one signature of two", GOOD.replace(", ci]", "]"), "deny, because: threshold"],
    [
      "denies two signatures of one signer",
      GOOD.replace("[release-key, ci]", "[{ authority: release-key, signer: x }, { authority: ci, signer: x }]"),
      "deny, because: threshold",
    ],
    [
      "denies signatures that do not count",
      GOOD.replace("[release-key, ci]", "[{ authority: ci, counts: false }]"),
      "deny, because: wrongly-signed",
    ],
    ["denies without signatures", GOOD.replace("[release-key, ci]", "[]"), "deny, because: unsigned"],
    [
      "denies where signatures were not given",
      GOOD.replace("signedBy: [release-key, ci], ", ""),
      "deny, because: not-collected",
    ],
    [
      "denies where signatures could not be read",
      `unreachable: signatures, ${GOOD.replace("signedBy: [release-key, ci], ", "")}`,
      "deny, because: gap",
    ],
    ["denies a shell", `${GOOD}, present: [shell]`, "deny, because: present"],
    ["denies layers that cannot be read", GOOD.replace("distroless", "uninspectable"), "deny, because: uninspectable"],
    ["denies a flaw", GOOD.replace("clutter", "secret-in-file"), "deny, because: unclean"],
    ["leaves lints that are not given open", GOOD.replace("flaws: [clutter], ", ""), "deny, because: not-collected"],
    ["denies an old image", GOOD.replace("1d", "30d"), "deny, because: too-old"],
    ["denies an image without a date", GOOD.replace("age: 1d", "created: none"), "deny, because: no-date"],
    ["allows a date", GOOD.replace("age: 1d", "created: '2025-12-31T00:00:00Z'"), "allow"],
    ["judges every platform given", `${GOOD}, platforms: [linux/amd64, linux/arm64]`, "allow"],
  ];
  for (const [what, given, expect] of ROWS) {
    test(what, () => {
      const result = run(`{ ${CASE}, given: { ${given} }, expect: ${expect} }`);
      assert.ok(result.passed, result.message);
    });
  }

  test("fails with what came instead", () => {
    const wrong = run(`{ ${CASE}, given: { ${GOOD} }, expect: deny }`);
    assert.deepEqual([wrong.passed, wrong.at.line], [false, 5]);
    assert.match(wrong.message, /^expected deny: registry\.example\.com\/prod\/web:1 is allowed by production/);
    const reason = run(`{ ${CASE}, given: { ${GOOD}, present: [shell] }, expect: deny, because: unsigned }`);
    assert.match(reason.message, /^expected the reason unsigned, came with present:/);
    assert.equal(reason.passed, false);
  });

  test("denies an image that no policy matches, also by namespace", () => {
    assert.ok(run(`{ ${CASE.replace("prod/web", "dev/web")}, given: {}, expect: deny, because: no-policy }`).passed);
    assert.ok(run(`{ ${CASE}, namespace: dev, given: {}, expect: deny, because: no-policy }`).passed);
    assert.ok(run(`{ ${CASE}, namespace: prod, given: { ${GOOD} }, expect: allow }`).passed);
  });

  test("judges at the instant it names", () => {
    const given = GOOD.replace("age: 1d", "created: '2020-01-01T00:00:00Z'");
    assert.ok(run(`{ ${CASE}, given: { ${given} }, expect: allow }`, "at: 2020-01-15T00:00:00Z").passed);
    assert.ok(run(`{ ${CASE}, given: { ${given} }, expect: deny, because: too-old }`).passed);
  });

  test("fails for an authority that is nowhere and for a reference that is none", () => {
    const nobody = run(`{ ${CASE}, given: { signedBy: [release-kez] }, expect: deny }`);
    assert.deepEqual(
      [nobody.passed, nobody.message],
      [false, 'no authority is named "release-kez"; did you mean "release-key"?'],
    );
    assert.deepEqual(run("{ name: it, image: web, given: {}, expect: deny }").passed, false);
  });

  test("is refused with line and column where it cannot mean anything", () => {
    assert.match(
      refused(`{ ${CASE}, given: {}, expect: reject }`),
      /test\.yaml:4:\d+: cases\[0\]\.expect: is "reject", expected one of allow, warn, deny/,
    );
    assert.match(refused(`{ ${CASE}, given: { usr: root }, expect: deny }`), /unknown key "usr"; did you mean "user"/);
    assert.match(refused(`{ ${CASE}, given: { age: 1d, created: none }, expect: deny }`), /keep one/);
    assert.match(refused(`{ ${CASE}, given: { present: [shell] }, expect: deny }`), /needs composition/);
    assert.match(refused(`{ ${CASE}, given: {}, expect: deny, because: unsinged }`), /did you mean "unsigned"/);
    const none = parsePolicyTests([{ name: "test.yaml", text: "" }]);
    assert.match(none.kind === "refused" ? none.problems.map(formatProblem).join() : "", /no PolicyTest document/);
    const policy = parsePolicyTests([{ name: "p.yaml", text: policyYaml(["user: nonRoot"]) }]);
    assert.match(policy.kind === "refused" ? policy.problems.map(formatProblem).join() : "", /the kind is "Policy"/);
  });
});

suite("a policy test of a base rule", () => {
  const set = policySet(
    authorityYaml("vendor"),
    policyYaml([
      "base: { oneOf: ['gcr.io/distroless/**'], notOlderThan: 30d, signedBy: vendor, allowChanges: [users] }",
    ]),
  );
  const judge = (base: string, expect: string) => {
    const text = `apiVersion: assay.dev/v1alpha1\nkind: PolicyTest\ncases:\n  - { ${CASE}, given: { ${base} }, expect: ${expect} }`;
    const parse = parsePolicyTests([{ name: "test.yaml", text }]);
    if (parse.kind === "refused") return { passed: false, message: parse.problems.map(formatProblem).join("\n") };
    const [result] = runPolicyTests(set, parse.tests, parseImage);
    assert.ok(result !== undefined);
    return result;
  };
  const GIVEN = "repository: gcr.io/distroless/static, signedBy: [vendor]";
  const ROWS: readonly (readonly [string, string, string])[] = [
    ["allows a current base", `base: { ${GIVEN} }`, "allow"],
    ["allows a change that is allowed", `base: { ${GIVEN}, changes: [users] }`, "allow"],
    ["allows one that a tag left lately", `base: { ${GIVEN}, age: 29d }`, "allow"],
    ["denies an old one", `base: { ${GIVEN}, age: 30d }`, "deny, because: base-outdated"],
    ["denies one without tags", `base: { ${GIVEN}, tagged: false }`, "deny, because: base-age-unknown"],
    ["denies another change", `base: { ${GIVEN}, changes: [libc] }`, "deny, because: base-tampered"],
    ["denies another's", `base: { ${GIVEN.replace("gcr.io", "evil.io")} }`, "deny, because: wrong-base"],
    ["denies an unsigned one", `base: { ${GIVEN.replace("[vendor]", "[]")} }`, "deny, because: base-unsigned"],
    [
      "denies one whose signature does not count",
      `base: { ${GIVEN.replace("[vendor]", "[{ authority: vendor, counts: false }]")} }`,
      "deny, because: base-unsigned",
    ],
    [
      "denies where its signatures were not given",
      `base: { ${GIVEN.replace(", signedBy: [vendor]", "")} }`,
      "deny, because: not-collected",
    ],
    ["denies an unknown one", "base: unknown", "deny, because: base-unknown"],
    ["denies where nothing was given", "user: root", "deny, because: not-collected"],
    ["judges every platform given", `base: { ${GIVEN} }, platforms: [linux/amd64, linux/arm64]`, "allow"],
  ];
  for (const [what, given, expect] of ROWS) {
    test(what, () => {
      const { message, passed } = judge(given, expect);
      assert.ok(passed, message);
    });
  }

  test("is refused where it cannot mean anything, and fails for a signer that is nobody", () => {
    assert.match(judge(`base: { ${GIVEN}, age: 1d, tagged: false }`, "deny").message, /age: is that of a tag/);
    assert.match(judge("base: { repository: 'gcr.io/x:1' }", "deny").message, /a repository is named here/);
    assert.match(judge("base: { repo: gcr.io/x }", "deny").message, /unknown key "repo"; known here: repository/);
    assert.match(judge(`base: { ${GIVEN}, changes: [shell] }`, "deny").message, /expected one of loader/);
    assert.match(
      judge(`base: { ${GIVEN.replace("[vendor]", "[vendr]")} }`, "deny").message,
      /no authority is named "vendr"/,
    );
  });
});

test("a policy is explained in sentences", () => {
  const [policy] = SET.policies;
  assert.ok(policy !== undefined);
  assert.deepEqual(explainPolicy(policy), [
    "production (policy.yaml:15)",
    "speaks about images of registry.example.com/prod/**",
    "at admission, only in the namespaces prod",
    "takes signatures on the whole image, or on every platform of it",
    "the image is signed by 2 of (release-key, ci), or it is denied",
    "the image starts as a user other than root, given as a number, or a warning is given",
    "the image holds no shell, or it is denied",
    "the image passes the lints secret-in-file, no-healthcheck, or it is denied",
    "the image was built less than 30d ago, by its own word, or it is denied",
  ]);
});

suite("a policy test of attestations", () => {
  const attested = policySet(
    authorityYaml("ci"),
    policyYaml([
      "attested: { by: ci, predicateType: vuln, notOlderThan: 24h, where: \"predicate.findings.all(f, f.severity != 'CRITICAL')\" }",
    ]),
  );
  const judge = (given: string) => {
    const text = `apiVersion: assay.dev/v1alpha1\nkind: PolicyTest\ncases:\n  - { ${CASE}, given: { ${given} }, expect: allow }`;
    const parse = parsePolicyTests([{ name: "test.yaml", text }]);
    assert.ok(parse.kind === "parsed", JSON.stringify(parse));
    const [result] = runPolicyTests(attested, parse.tests, parseImage);
    const reasons = result?.verdict?.findings.map(({ outcome, reason }) =>
      outcome === "satisfied" ? outcome : `${outcome} ${reason}`,
    );
    return reasons?.join() ?? result?.message;
  };
  const ATTESTED = "authority: ci, predicateType: vuln, age: 1h";
  const ROWS: readonly (readonly [string, string, string])[] = [
    [
      "satisfies a where that holds",
      `attested: [{ ${ATTESTED}, predicate: { findings: [{ severity: LOW }] } }]`,
      "satisfied",
    ],
    [
      "is told of one that is false",
      `attested: [{ ${ATTESTED}, predicate: { findings: [{ severity: CRITICAL }] } }]`,
      "violated predicate-mismatch",
    ],
    [
      "is told of one that cannot be computed",
      `attested: [{ ${ATTESTED}, predicate: {} }]`,
      "violated predicate-error",
    ],
    [
      "is told of an old one",
      `attested: [{ ${ATTESTED.replace("1h", "2d")}, predicate: { findings: [] } }]`,
      "violated too-old",
    ],
    [
      "is told of one without a time",
      `attested: [{ authority: ci, predicateType: vuln, predicate: { findings: [] } }]`,
      "violated no-date",
    ],
    [
      "knows times",
      `attested: [{ authority: ci, predicateType: vuln, signedAt: "2025-12-31T12:00:00Z", predicate: { findings: [] } }]`,
      "satisfied",
    ],
    [
      "is told of another type",
      `attested: [{ authority: ci, predicateType: spdx, age: 1h, predicate: {} }]`,
      "violated unattested",
    ],
    ["is told of one that does not count", `attested: [{ ${ATTESTED}, counts: false }]`, "violated wrongly-signed"],
    ["is told of none", "attested: []", "violated unattested"],
    ["leaves a statement that is not given open", `attested: [{ ${ATTESTED} }]`, "undetermined not-collected"],
    ["leaves attestations that are not given open", "user: nonroot", "undetermined not-collected"],
    ["leaves what cannot be reached open", "unreachable: signatures", "undetermined gap"],
    [
      "knows no stranger",
      "attested: [{ authority: me, predicateType: vuln }]",
      'no authority is named "me"; known here: ci',
    ],
  ];
  for (const [name, given, expected] of ROWS) test(name, () => assert.equal(judge(given), expected));

  test("is refused where it says one thing twice", () => {
    assert.match(
      refused(`{ ${CASE}, given: { attested: [{ ${ATTESTED}, signedAt: "2026-01-01T00:00:00Z" }] }, expect: allow }`),
      /attested\[0\]\.age: and signedAt say the same thing: keep one/,
    );
  });
});
