import type { SourceKey } from "../domain/evidence.ts";
import type { AttestationFact, ImageFacts, PlatformFacts, SignatureFact } from "../domain/facts.ts";
import type { Gap, Known } from "../domain/gap.ts";
import type { Instant } from "../domain/instant.ts";
import type { Enforcement, Policy, PolicySet } from "../domain/policy.ts";
import type { Statements } from "../domain/statement.ts";
import type { AuthoritySpec } from "../domain/trust.ts";
import type { Decision, Finding, PlatformVerdict, SignatureTried, VerdictBody } from "../domain/verdict.ts";
import { describeBase } from "./base-candidate.ts";
import { Evaluations } from "./evaluations.ts";
import { describeGap, type Judgement } from "./judgement.ts";
import { judgeRule } from "./rules/index.ts";
import type { Bases, Case } from "./rules/rule.ts";
import { platformName } from "./runnable-platforms.ts";
import { trialsOf } from "./trial.ts";
import { timelineAt } from "./timeline.ts";
import { rulePosition, weakeningOfUnmatched, weakeningsOf, type Unmatched } from "./weakenings.ts";

export type JudgeInput = {
  readonly facts: ImageFacts;
  /** The canonical reference that is judged. */
  readonly image: string;
  readonly set: PolicySet;
  /** The policies of the set that speak about the image, from `matchPolicies`. */
  readonly matched: readonly Policy[];
  readonly at: Instant;
  readonly resolvedAt: Instant;
  readonly unmatched: Unmatched;
  /**
   * The places that must have been looked at before an authority can be answered, which the schemes know. A place without
   * a fact about it was not looked at; an authority without places never was.
   */
  readonly sourcesOf: (spec: AuthoritySpec) => readonly SourceKey[];
  /** The same for its attestations. */
  readonly attestationSourcesOf: (spec: AuthoritySpec) => readonly SourceKey[];
  /** The statements that rules may ask about; one that is not here is not at hand. */
  readonly statements: Statements;
  /** What is proved of the base images whose signatures rules ask for; one that is not here was not looked at. */
  readonly bases: Bases;
};

type Applied = { readonly finding: Finding; readonly gaps: readonly Gap[] };

/** Raise with any change of meaning: it is part of a verdict's identity. */
export const JUDGE_VERSION = 5;

/**
 * Judges facts at an instant. Every matched policy must pass, and only `satisfied` passes. The only place that compares
 * time: with the same input, any instant from `validFrom` until just before `validUntil` gives the same answer.
 */
export function judge(input: JudgeInput): VerdictBody {
  const { facts, image, set, matched, at, resolvedAt } = input;
  const time = timelineAt(at);
  const authorities = new Map(set.authorities.map((authority) => [authority.name, authority]));
  const { sourcesOf, attestationSourcesOf, statements, bases } = input;
  const looks = { sourcesOf, attestationSourcesOf, statements, bases, evaluations: new Evaluations() };
  const shared = { facts, image, authorities, time, ...looks };
  const applied = matched.flatMap((policy) => applyPolicy(policy, shared));
  const silent = applied.length === 0;
  const findings = silent ? [unmatchedFinding(input)] : applied.map(({ finding }) => finding);
  return {
    image,
    digest: facts.digest,
    decision: decide(findings),
    findings,
    signatures: [
      ...facts.signatures.map((fact) => triedOf("signature", fact)),
      ...facts.attestations.map((fact) => triedOf("attestation", fact)),
    ],
    platforms: facts.platforms.map(platformVerdict),
    gaps: distinctGaps(applied.flatMap(({ gaps }) => gaps)),
    unsafe: silent ? unmatchedWeakening(input) : weakeningsOf(matched, authorities),
    policies: matched.map(({ name }) => name),
    resolvedAt,
    decidedAt: at,
    ...time.bounds(),
  };
}

function applyPolicy(policy: Policy, shared: Omit<Case, "platforms" | "enforcement">): readonly Applied[] {
  return policy.rules.flatMap(({ rule, enforcement }, at) => {
    const of = { ...shared, platforms: policy.platforms, enforcement };
    const position = { policy: policy.name, rule: rulePosition(rule, at) };
    const judgement = judgeRule(rule, of);
    const ruled = {
      finding: findingOf({ ...position, authority: undefined }, enforcement, judgement),
      gaps: judgement.gaps,
    };
    const tried = trialsOf(rule, of).map((trial) => ({
      finding: findingOf({ ...position, authority: trial.authority }, trial.enforcement, trial.judgement),
      gaps: trial.judgement.gaps,
    }));
    return [ruled, ...tried];
  });
}

function findingOf(
  position: Pick<Finding, "policy" | "rule" | "authority">,
  enforcement: Enforcement,
  judgement: Judgement,
): Finding {
  const { outcome, reason, message, cites } = judgement;
  return { ...position, outcome, reason, enforcement, message, cites };
}

/** Only `satisfied` passes: what could not be told is enforced like a violation. */
function decide(findings: readonly Finding[]): Decision {
  const failing = findings.filter(({ outcome }) => outcome !== "satisfied");
  if (failing.some(({ enforcement }) => enforcement === "deny")) return "deny";
  return failing.some(({ enforcement }) => enforcement === "warn") ? "warn" : "allow";
}

const UNMATCHED_ENFORCEMENT: Readonly<Record<Unmatched, Enforcement>> = {
  deny: "deny",
  "unsafe-warn": "warn",
  "unsafe-allow": "audit",
};

/** A policy without rules says as little as none, and policies that were matched do not fall under `unsafeUnmatched`. */
function unmatchedFinding({ image, matched, unmatched }: JudgeInput): Finding {
  const enforcement = matched.length > 0 ? "deny" : UNMATCHED_ENFORCEMENT[unmatched];
  const message = `No policy says anything about ${image}. Write a policy whose match.images covers it.`;
  const position = { policy: "", rule: "", authority: undefined } as const;
  return { ...position, outcome: "violated", reason: "no-policy", enforcement, message, cites: [] };
}

function unmatchedWeakening({ matched, unmatched }: JudgeInput): readonly string[] {
  return matched.length > 0 || unmatched === "deny" ? [] : [weakeningOfUnmatched(unmatched)];
}

function triedOf(role: SignatureTried["role"], { opinion, ...fact }: SignatureFact | AttestationFact): SignatureTried {
  const failed = opinion.kind === "verified" ? undefined : opinion;
  return {
    role,
    scheme: fact.scheme,
    authority: fact.authority,
    status: opinion.kind,
    reason: failed?.kind === "rejected" ? failed.reason : undefined,
    step: failed?.step,
    detail: failed?.kind === "undetermined" ? describeGap(failed.gap) : failed?.detail,
    signer: opinion.kind === "verified" ? opinion.signers[0] : opinion.signer,
    signers: opinion.kind === "verified" ? opinion.signers : [],
    notes: opinion.kind === "verified" ? opinion.notes : [],
    source: fact.source,
    via: fact.via,
    about: fact.about,
    artifact: fact.artifact,
  };
}

function platformVerdict(facts: PlatformFacts): PlatformVerdict {
  return {
    platform: platformName(facts),
    digest: facts.digest,
    user: summary(facts.user, ({ verdict, uid }) => (uid === undefined ? verdict : `${verdict} (${uid})`)),
    composition: summary(facts.composition, (value) =>
      value.kind === "classified" ? [value.class, ...value.modifiers].join(", ") : `uninspectable (${value.reason})`,
    ),
    base: summary(facts.base, (value) => describeBase(value, facts.layers.length)),
  };
}

function summary<T>(known: Known<T>, words: (value: T) => string): string {
  switch (known.kind) {
    case "known":
      return words(known.value);
    case "gap":
      return `could not be read (${describeGap(known.gap)})`;
    case "not-collected":
      return "not collected";
  }
}

function distinctGaps(gaps: readonly Gap[]): readonly Gap[] {
  return [...new Map(gaps.map((gap) => [JSON.stringify([gap.code, gap.what, gap.detail]), gap])).values()];
}
