import assert from "node:assert/strict";
import { suite, test } from "node:test";

import type { PortCode } from "../../../src/domain/errors.ts";
import type { ImageFacts } from "../../../src/domain/facts.ts";
import { known, type Gap } from "../../../src/domain/gap.ts";
import type { PolicySet } from "../../../src/domain/policy.ts";
import { isOnlyUndetermined } from "../../../src/domain/undetermined.ts";
import { explain, explainPolicy } from "../../../src/policy/explain.ts";
import {
  authorityYaml,
  GAP,
  IMAGE,
  imageFacts,
  judged,
  LEAF_A,
  platformFacts,
  policySet,
  policyYaml,
  ROOT,
  SOURCE,
  userFact,
} from "../../support/policy-facts.ts";

const ROOT_USER = imageFacts({ platforms: [platformFacts({ user: known(userFact("root")) })] });
const UNSEEN = imageFacts({ platforms: [platformFacts({ user: { kind: "gap", gap: GAP } })] });

const CODES: readonly PortCode[] = [
  "unreachable",
  "timeout",
  "unauthorized",
  "rate-limited",
  "server-error",
  "not-found",
  "blocked-address",
  "too-large",
  "too-many",
  "digest-mismatch",
  "malformed",
  "unsupported",
  "aborted",
  "store-unavailable",
  "conflict",
];

suite("a verdict in words", () => {
  test("begins with the decision and the reason that made it", () => {
    const set = policySet(
      policyYaml(["age: { atMost: 30d }", "{ absent: [shell], enforcement: warn }", "user: nonRoot"]),
    );
    const { headline, findings } = explain(judged(set, ROOT_USER));
    assert.equal(
      headline,
      `${IMAGE} is denied: ${IMAGE} (linux/amd64) runs as root: no USER; as the test says. Set USER to a number above 0.`,
    );
    assert.deepEqual(
      findings.map(({ rule, weight }) => [rule, weight]),
      [
        ["production rules[2].user", "denied"],
        ["production rules[0].age", "passed"],
        ["production rules[1].absent", "passed"],
      ],
    );
  });

  test("names the policies that let it through, and what weakened them", () => {
    assert.equal(
      explain(judged(policySet(policyYaml(["user: nonRoot"])), imageFacts())).headline,
      `${IMAGE} is allowed by production`,
    );
    const audited = judged(policySet(policyYaml(["{ user: nonRoot, enforcement: audit }"])), ROOT_USER);
    assert.equal(
      explain(audited).headline,
      `${IMAGE} is allowed by production (weakened by policy production: rules[0].user: enforcement: audit)`,
    );
    assert.equal(explain(audited).findings[0]?.weight, "noted");
  });

  test("says when it is only what could not be told", () => {
    const set = policySet(policyYaml(["user: nonRoot"]));
    assert.match(
      explain(judged(set, UNSEEN)).headline,
      /is denied because something could not be determined: The user of .*could not be read \(unreachable/,
    );
    assert.equal(isOnlyUndetermined(judged(set, UNSEEN)), true);
    assert.equal(isOnlyUndetermined(judged(set, ROOT_USER)), false);
    assert.equal(isOnlyUndetermined(judged(set, imageFacts())), false);
  });

  test("says of every kind of gap what mends it, and to try again only where that may help", () => {
    const said = (code: PortCode, set: PolicySet, facts: (gap: Gap) => ImageFacts) =>
      judged(set, facts({ ...GAP, code })).findings[0]?.message ?? "";
    const signed = policySet(authorityYaml("release"), policyYaml(["signed: { by: release }"]));
    const unlisted = (gap: Gap) =>
      imageFacts({ sources: [{ about: ROOT, source: SOURCE, state: { kind: "gap", gap } }] });
    const user = policySet(policyYaml(["user: nonRoot"]));
    const unread = (gap: Gap) => imageFacts({ platforms: [platformFacts({ user: { kind: "gap", gap } })] });
    const mends = (code: PortCode) =>
      [said(code, signed, unlisted), said(code, user, unread)].map((text) => text.split(/\(\S+: .*\)\. /).at(-1));
    assert.deepEqual(
      mends("digest-mismatch"),
      Array(2).fill("Do not use it: the content is not what its digest names."),
    );
    assert.deepEqual(
      mends("not-found"),
      Array(2).fill("Check the name, the tag and the digest; was all of it pushed?"),
    );
    const all = CODES.map((code) => mends(code)[0] ?? "");
    assert.equal(new Set(all).size, CODES.length);
    const again = CODES.filter((_, at) => /try again/i.test(all[at] ?? ""));
    assert.deepEqual(again, ["unreachable", "timeout", "rate-limited", "server-error", "aborted"]);
  });

  test("is not only undetermined if one rule is violated", () => {
    const both = policySet(policyYaml(["user: nonRoot", "deny: { message: frozen }"]));
    assert.equal(isOnlyUndetermined(judged(both, UNSEEN)), false);
    const warned = policySet(policyYaml(["user: nonRoot", "{ deny: { message: frozen }, enforcement: warn }"]));
    assert.equal(isOnlyUndetermined(judged(warned, UNSEEN)), true);
  });
});

test("every kind of rule and every restriction is put into words", () => {
  const set = policySet(
    policyYaml(
      [
        `pinned: { digests: ['${LEAF_A}'] }`,
        "user: { is: nonRoot, of: image, allowNamed: true }",
        "composition: { atMost: chiseled }",
        "absent: [setuid, ssh-server]",
        "{ anyOf: [ { user: nonRoot }, { age: { atMost: 24h } } ], enforcement: audit }",
      ],
      'match: { images: ["a.example/**"], exceptImages: ["a.example/x"], labels: { tier: [web, api] }, operations: [CREATE] }\n  platforms: { only: [linux/amd64], signatures: each }',
    ),
    policyYaml(["deny: { message: frozen }"], "", "frozen"),
    policyYaml(["unsafeAllow: { reason: vendor }"], "", "vendor"),
  );
  assert.deepEqual(
    set.policies.flatMap((policy) => explainPolicy(policy).slice(1)),
    [
      "speaks about images of a.example/**",
      "but not of a.example/x",
      "at admission, only with the labels tier one of web, api",
      "at admission, only on CREATE",
      "judges the content of linux/amd64 only",
      "takes signatures on each platform's own manifest, all of them",
      `the image has one of these digests: ${LEAF_A}, or it is denied`,
      "the image starts as a user other than root, whatever the pod says, or it is denied",
      "the image is made of no more than chiseled (scratch, distroless-static, chiseled), or it is denied",
      "the image holds no setuid or setgid programs, no SSH server, or it is denied",
      "the image either starts as a user other than root, given as a number, or was built less than 1d ago, by its own word, or that is noted",
      "speaks about images of **",
      "takes signatures on the whole image, or on every platform of it",
      "the image is refused: frozen",
      "speaks about images of **",
      "takes signatures on the whole image, or on every platform of it",
      "the image is let through without a check: vendor",
    ],
  );
});
