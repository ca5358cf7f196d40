import type { Policy } from "../domain/policy.ts";
import { isOnlyUndetermined } from "../domain/undetermined.ts";
import type { Decision, Finding, FindingReason, VerdictBody } from "../domain/verdict.ts";
import { explainRule } from "./rules/index.ts";

type ExplainedFinding = {
  /** `production rules[0].signed`; empty where no policy speaks. */
  readonly rule: string;
  /** `denied`, `warned`, `noted` or `passed`, as enforcement has it. */
  readonly weight: "denied" | "warned" | "noted" | "passed";
  /** A sentence or two: what, of which platform, why, and what to do. */
  readonly message: string;
  readonly reason: FindingReason | undefined;
};

export type Explanation = {
  /** One line: the decision, the image and the first reason. */
  readonly headline: string;
  /** What decides first. */
  readonly findings: readonly ExplainedFinding[];
};

const WEIGHTS = ["denied", "warned", "noted", "passed"] as const;
const SAID: Readonly<Record<Decision, string>> = { allow: "allowed", warn: "allowed with a warning", deny: "denied" };

/** A verdict in words for people, without colours: the reason before all else. */
export function explain(verdict: VerdictBody): Explanation {
  const findings = verdict.findings
    .map(explainFinding)
    .sort((a, b) => WEIGHTS.indexOf(a.weight) - WEIGHTS.indexOf(b.weight));
  const first = findings[0];
  const decided = `${verdict.image} is ${SAID[verdict.decision]}`;
  if (verdict.decision === "allow" || first === undefined) {
    return { headline: `${decided}${byWhom(verdict)}`, findings };
  }
  const couldNotTell = isOnlyUndetermined(verdict) ? " because something could not be determined" : "";
  return { headline: `${decided}${couldNotTell}: ${first.message}`, findings };
}

function byWhom({ policies, unsafe }: VerdictBody): string {
  const weak = unsafe.length > 0 ? ` (weakened by ${unsafe.join("; ")})` : "";
  return policies.length === 0 ? weak : ` by ${policies.join(", ")}${weak}`;
}

function explainFinding(finding: Finding): ExplainedFinding {
  const rule = `${finding.policy} ${finding.rule}`.trim();
  return { rule, weight: weightOf(finding), message: finding.message, reason: finding.reason };
}

function weightOf({ outcome, enforcement }: Finding): ExplainedFinding["weight"] {
  if (outcome === "satisfied") return "passed";
  switch (enforcement) {
    case "deny":
      return "denied";
    case "warn":
      return "warned";
    case "audit":
      return "noted";
  }
}

/** A policy in sentences, one a line: what it is about, then each rule. */
export function explainPolicy(policy: Policy): readonly string[] {
  return [`${policy.name} (${policy.at.file}:${policy.at.line})`, ...aboutLines(policy), ...ruleLines(policy)];
}

function aboutLines({ match, platforms }: Policy): readonly string[] {
  const texts = (patterns: Policy["match"]["images"]): string => patterns.map(({ text }) => text).join(", ");
  const labels = Object.entries(match.labels).map(([label, values]) => `${label} one of ${values.join(", ")}`);
  return [
    `speaks about images of ${texts(match.images)}`,
    ...(match.exceptImages.length > 0 ? [`but not of ${texts(match.exceptImages)}`] : []),
    ...(match.namespaces.length > 0 ? [`at admission, only in the namespaces ${match.namespaces.join(", ")}`] : []),
    ...(labels.length > 0 ? [`at admission, only with the labels ${labels.join("; ")}`] : []),
    ...(match.operations.length > 0 ? [`at admission, only on ${match.operations.join(", ")}`] : []),
    ...(platforms.only.length > 0 ? [`judges the content of ${platforms.only.join(", ")} only`] : []),
    SIGNATURES[platforms.signatures],
  ];
}

const SIGNATURES = {
  index: "takes signatures on the digest that was asked for",
  each: "takes signatures on each platform's own manifest, all of them",
  either: "takes signatures on the whole image, or on every platform of it",
} as const;

const ELSE = { deny: ", or it is denied", warn: ", or a warning is given", audit: ", or that is noted" } as const;
const STATIC = { deny: "", warn: ", which only warns", audit: ", which is only noted" } as const;

function ruleLines({ rules }: Policy): readonly string[] {
  return rules.map(({ rule, enforcement }) => {
    const isStatic = rule.kind === "deny" || rule.kind === "unsafeAllow";
    return `the image ${explainRule(rule)}${(isStatic ? STATIC : ELSE)[enforcement]}`;
  });
}
