import { z } from "zod";

import type { Needs } from "../../domain/needs.ts";
import type { Rule, RuleKind } from "../../domain/policy.ts";
import type { Judgement } from "../judgement.ts";
import { struct, unsupported } from "../schema.ts";
import { absent } from "./absent.ts";
import { age } from "./age.ts";
import { anyOf } from "./any-of.ts";
import { attested } from "./attested.ts";
import { clean } from "./clean.ts";
import { base } from "./base.ts";
import { composition } from "./composition.ts";
import { deny } from "./deny.ts";
import { pinned } from "./pinned.ts";
import type { Case, RuleDefinition, RuleOf } from "./rule.ts";
import { signed } from "./signed.ts";
import { unsafeAllow } from "./unsafe-allow.ts";
import { user } from "./user.ts";

/** Every kind of rule this version knows. A new kind is one file and one line here. */
const RULES: { readonly [K in RuleKind]: RuleDefinition<K> } = {
  signed,
  attested,
  pinned,
  user,
  composition,
  absent,
  clean,
  base,
  age,
  anyOf: anyOf(() => bareRule),
  deny,
  unsafeAllow,
};

/** Kinds that belong to the language and that this version does not act on. */
const LATER_RULES = ["workload"] as const;

type RuleShape = Readonly<Record<string, z.ZodType>>;

/** One optional key for each kind of rule, exactly one of which must be there. */
export const ruleShape: RuleShape = Object.fromEntries([
  ...Object.values(RULES).map((rule): [string, z.ZodType] => [rule.kind, rule.schema.optional()]),
  ...LATER_RULES.map((kind): [string, z.ZodType] => [kind, unsupported()]),
]);

/** The rule in an object that was read with `ruleShape`; its problem, if there is none or more than one. */
export function onlyRule(value: Readonly<Record<string, unknown>>): Rule | { readonly problem: string } {
  const written = Object.keys(RULES).filter((kind) => value[kind] !== undefined);
  const [kind] = written;
  if (kind === undefined) return { problem: `says nothing: write one of ${Object.keys(RULES).join(", ")}` };
  if (written.length > 1) return { problem: `has ${written.join(" and ")} in one rule: write one rule for each` };
  return value[kind] as Rule;
}

/** A rule without enforcement, as it stands in `anyOf`. */
const bareRule: z.ZodType<Rule> = struct(ruleShape).transform((value, context) => {
  const rule = onlyRule(value);
  if ("kind" in rule) return rule;
  context.issues.push({ code: "custom", message: rule.problem, input: value });
  return z.NEVER;
});

function definitionOf<K extends RuleKind>(rule: RuleOf<K>): RuleDefinition<K> {
  return RULES[rule.kind];
}

const RECURSION = { judge: judgeRule, needs: needsOfRule, explain: explainRule };

/** Applies one rule. */
export function judgeRule(rule: Rule, of: Case): Judgement {
  return definitionOf(rule).judge(rule, of, RECURSION);
}

/** What must be collected before a rule can be judged. */
export function needsOfRule(rule: Rule): Needs {
  return definitionOf(rule).needs(rule, RECURSION);
}

/** What a rule asks for, continuing "the image …". */
export function explainRule(rule: Rule): string {
  return definitionOf(rule).explain(rule, RECURSION);
}
