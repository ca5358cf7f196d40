import assert from "node:assert/strict";
import { suite, test } from "node:test";

import * as fc from "fast-check";

import { plus } from "../../../src/domain/instant.ts";
import type { Policy, PolicySet } from "../../../src/domain/policy.ts";
import type { Decision, VerdictBody } from "../../../src/domain/verdict.ts";
import type { ImageFacts } from "../../../src/domain/facts.ts";
import { NOT_COLLECTED } from "../../../src/domain/gap.ts";
import { lintFacts } from "../../../src/domain/lint.ts";
import type { JudgeInput } from "../../../src/policy/judge.ts";
import {
  authorityYaml,
  IMAGE,
  imageFacts,
  judged as judgedBare,
  policySet,
  policyYaml,
} from "../../support/policy-facts.ts";
import {
  attestedRule,
  AUTHORITIES,
  BASES,
  fillGaps,
  instants,
  policyText,
  randomFacts,
  ruleText,
  STATEMENTS,
} from "../../support/random-facts.ts";

const STRICTNESS: Readonly<Record<Decision, number>> = { allow: 0, warn: 1, deny: 2 };
const RUNS = { numRuns: 300 };

type PolicyText = { readonly rules: readonly string[]; readonly spec: string };

/** Each rule and each spec is parsed once; the sets differ only in how they are put together. */
const parsedPolicies = new Map<string, Policy>();

function policyOf(rule: string, spec: string): Policy {
  const key = `${rule}\n${spec}`;
  const found = parsedPolicies.get(key) ?? policySet(...AUTHORITIES_TEXT, policyYaml([rule], spec)).policies[0];
  assert.ok(found !== undefined);
  parsedPolicies.set(key, found);
  return found;
}

const AUTHORITIES_TEXT = AUTHORITIES.map((name) => authorityYaml(name));
const BASE = policySet(...AUTHORITIES_TEXT, policyYaml(["user: nonRoot"]));

function setOf(...policies: readonly PolicyText[]): PolicySet {
  const built = policies.map(({ rules, spec }, at): Policy => {
    const parts = rules.map((rule) => policyOf(rule, ""));
    return { ...policyOf("user: nonRoot", spec), name: `policy-${at}`, rules: parts.flatMap((part) => part.rules) };
  });
  return { ...BASE, policies: built };
}

function judged(set: PolicySet, facts: ImageFacts, overrides: Partial<JudgeInput> = {}): VerdictBody {
  return judgedBare(set, facts, { statements: STATEMENTS, bases: BASES, ...overrides });
}

function strictness(verdict: VerdictBody): number {
  return STRICTNESS[verdict.decision];
}

suite("whatever the policies and the facts", () => {
  test("another policy never loosens", () => {
    fc.assert(
      fc.property(randomFacts, policyText, policyText, (facts, one, other) => {
        assert.ok(strictness(judged(setOf(one, other), facts)) >= strictness(judged(setOf(one), facts)));
      }),
      RUNS,
    );
  });

  test("another rule never loosens", () => {
    fc.assert(
      fc.property(randomFacts, policyText, ruleText, (facts, { rules, spec }, rule) => {
        assert.ok(
          strictness(judged(setOf({ rules: [...rules, rule], spec }), facts)) >=
            strictness(judged(setOf({ rules, spec }), facts)),
        );
      }),
      RUNS,
    );
  });

  test("a violated or undetermined rule denies, and a deny has one", () => {
    fc.assert(
      fc.property(randomFacts, policyText, (facts, policy) => {
        const { decision, findings } = judged(setOf(policy), facts);
        const failing = findings.some(({ outcome, enforcement }) => outcome !== "satisfied" && enforcement === "deny");
        assert.equal(decision === "deny", failing);
      }),
      RUNS,
    );
  });

  test("what is allowed despite gaps stays allowed however they are filled", () => {
    let tried = 0;
    fc.assert(
      fc.property(
        randomFacts.chain((facts) => fc.tuple(fc.constant(facts), fillGaps(facts))),
        fc.array(ruleText, { minLength: 1, maxLength: 2 }),
        ([facts, filled], rules) => {
          const set = setOf({ rules, spec: "platforms: { signatures: either }" });
          if (judged(set, facts).decision !== "allow") return;
          tried++;
          assert.equal(judged(set, filled).decision, "allow");
        },
      ),
      { numRuns: 2000 },
    );
    assert.ok(tried > 30, `only ${tried} were allowed`);
  });

  test("what is satisfied or violated stays so however gaps are filled", () => {
    fc.assert(
      fc.property(
        randomFacts.chain((facts) => fc.tuple(fc.constant(facts), fillGaps(facts))),
        policyText,
        ([facts, filled], policy) => {
          const before = judged(setOf(policy), facts).findings;
          const after = judged(setOf(policy), filled).findings;
          for (const [at, { outcome, rule }] of before.entries()) {
            if (outcome !== "undetermined") assert.equal(after[at]?.outcome, outcome, rule);
          }
        },
      ),
      { numRuns: 800 },
    );
  });

  test("another attestation under any never turns satisfied into violated", () => {
    let tried = 0;
    const rules = attestedRule.map((rule) => rule.replaceAll(/select: (?:latest|all)/g, "select: any"));
    fc.assert(
      fc.property(
        randomFacts.chain(fillGaps),
        randomFacts,
        rules.filter((rule) => !rule.includes("atLeast: 2")),
        (facts, other, rule) => {
          const set = setOf({ rules: [rule], spec: "platforms: { signatures: either }" });
          if (judged(set, facts).decision !== "allow") return;
          tried++;
          const more = { ...facts, attestations: [...other.attestations, ...facts.attestations] };
          assert.equal(judged(set, more).decision, "allow");
        },
      ),
      { numRuns: 2500 },
    );
    assert.ok(tried > 30, `only ${tried} were allowed`);
  });

  test("a condition that cannot be computed never satisfies, however statements are chosen and joined", () => {
    fc.assert(
      fc.property(randomFacts, attestedRule, (facts, rule) => {
        const broken = rule.replaceAll(/where: "[^"]*"/g, (where) =>
          where.includes("x.predicate")
            ? 'where: "x.predicate.z == 1 || y.predicate.z == 1"'
            : 'where: "predicate.z == 1"',
        );
        const asks = broken.includes("where:")
          ? broken
          : broken.replace(", select:", ', where: "predicate.z", select:');
        const { findings } = judged(setOf({ rules: [asks], spec: "platforms: { signatures: either }" }), facts);
        assert.notEqual(findings[0]?.outcome, "satisfied");
      }),
      RUNS,
    );
  });

  test("nothing is undetermined where all was seen", () => {
    fc.assert(
      fc.property(randomFacts.chain(fillGaps), policyText, (facts, policy) => {
        const { findings, gaps } = judged(setOf(policy), facts);
        assert.deepEqual([findings.filter(({ outcome }) => outcome === "undetermined"), gaps], [[], []]);
      }),
      RUNS,
    );
  });

  test("a weaker enforcement shows among the weakenings", () => {
    fc.assert(
      fc.property(randomFacts, policyText, (facts, policy) => {
        const { findings, unsafe } = judged(setOf(policy), facts);
        assert.equal(unsafe.length, findings.filter(({ enforcement }) => enforcement !== "deny").length);
      }),
      RUNS,
    );
  });

  test("time alone changes nothing from validFrom until just before validUntil", () => {
    fc.assert(
      fc.property(
        randomFacts,
        policyText,
        instants,
        fc.double({ min: 0, max: 1, noNaN: true }),
        (facts, policy, at, share) => {
          const set = setOf(policy);
          const first = judged(set, facts, { at });
          const from = first.validFrom ?? plus(at, -400 * 86_400_000);
          const until = first.validUntil ?? plus(at, 400 * 86_400_000);
          const span = Date.parse(until) - Date.parse(from);
          for (const other of [from, plus(from, Math.floor(share * (span - 1))), plus(until, -1)]) {
            const second = judged(set, facts, { at: other });
            assert.deepEqual({ ...second, decidedAt: at }, first);
          }
        },
      ),
      RUNS,
    );
  });
});

test("a rule that needs something seen denies where nothing was, whatever the enforcement of unmatched images", () => {
  fc.assert(
    fc.property(
      ruleText.filter((rule) => !rule.includes("pinned")),
      (rule) => {
        const blind = imageFacts({
          sources: [],
          platforms: imageFacts().platforms.map((platform) => ({
            ...platform,
            user: { kind: "not-collected" as const },
            composition: { kind: "not-collected" as const },
            config: { kind: "not-collected" as const },
            lints: lintFacts(() => NOT_COLLECTED),
            base: { kind: "not-collected" as const },
          })),
        });
        const set = setOf({ rules: [rule], spec: "platforms: { signatures: either }" });
        assert.equal(judged(set, blind, { image: IMAGE, unmatched: "unsafe-allow" }).decision, "deny");
      },
    ),
    { numRuns: 200 },
  );
});
