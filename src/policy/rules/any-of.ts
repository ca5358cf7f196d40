import { z } from "zod";

import { joinNeeds, NO_NEEDS } from "../../domain/needs.ts";
import type { Rule } from "../../domain/policy.ts";
import type { FindingReason } from "../../domain/verdict.ts";
import type { Judgement } from "../judgement.ts";
import { some } from "../schema.ts";
import type { Case, Recursion, RuleDefinition, RuleOf } from "./rule.ts";

type AnyOf = RuleOf<"anyOf">;

/** What an unsatisfied alternative about signatures or attestations says; metrics keep these apart, so they are kept here. */
const OF_SIGNATURES: readonly (FindingReason | undefined)[] = [
  "threshold",
  "signature-expired",
  "signature-not-yet-valid",
  "wrongly-signed",
  "unsigned",
  "unattested",
];

/** The three-valued "or": one that holds decides, whatever could not be seen of the others. */
function judge({ rules }: AnyOf, of: Case, recursion: Recursion): Judgement {
  const tried = rules.map((rule) => ({ rule, ...recursion.judge(rule, of) }));
  const holds = tried.find(({ outcome }) => outcome === "satisfied");
  if (holds !== undefined) return holds;
  const open = tried.filter(({ outcome }) => outcome === "undetermined");
  const message = tried.map(({ rule, message }, at) => `(${at + 1}) ${rule.kind}: ${message}`).join(" ");
  return {
    outcome: open.length > 0 ? "undetermined" : "violated",
    reason: open.length > 0 ? open[0]?.reason : telling(tried),
    message: `${of.image} meets none of ${rules.length} alternatives. ${message}`,
    cites: tried.flatMap(({ cites }) => cites),
    gaps: open.flatMap(({ gaps }) => gaps),
  };
}

function telling(tried: readonly Judgement[]): FindingReason | undefined {
  return (tried.find(({ reason }) => OF_SIGNATURES.includes(reason)) ?? tried[0])?.reason ?? "static-deny";
}

/** At least one of the rules holds. `rule` is the schema of a rule without enforcement, which lists this kind too. */
export function anyOf(rule: () => z.ZodType<Rule>): RuleDefinition<"anyOf"> {
  return {
    kind: "anyOf",
    schema: some(z.lazy(rule)).transform((rules): AnyOf => ({ kind: "anyOf", rules })),
    needs: ({ rules }, recursion) => rules.map(recursion.needs).reduce(joinNeeds, NO_NEEDS),
    judge,
    explain: ({ rules }, recursion) => `either ${rules.map(recursion.explain).join(", or ")}`,
  };
}
