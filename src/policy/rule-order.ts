import type { Policy, PolicyRule, Rule, SourceLocation } from "../domain/policy.ts";

export type Misplaced = {
  readonly severity: "problem" | "warning";
  readonly message: string;
  readonly at: SourceLocation;
};

/**
 * Rules that cannot have the effect their author expects. All rules of a policy must hold, so `unsafeAllow` beside another
 * excuses nothing, and beside a `deny` nothing else matters.
 */
export function misplacedRules({ rules }: Policy): readonly Misplaced[] {
  return [...rules.flatMap(insideAnyOf), ...besideOthers(rules)];
}

function besideOthers(rules: readonly PolicyRule[]): readonly Misplaced[] {
  if (rules.length < 2) return [];
  const allows = rules.filter(({ rule }) => rule.kind === "unsafeAllow");
  const denies = rules.filter(({ rule, enforcement }) => rule.kind === "deny" && enforcement === "deny");
  return [
    ...allows.map(({ at }): Misplaced => {
      const message =
        "unsafeAllow beside other rules excuses nothing, for all must hold: make it the only rule of a policy";
      return { severity: "problem", message, at };
    }),
    ...denies.slice(0, 1).map(({ at }): Misplaced => {
      const message = "deny refuses always, so the other rules of this policy decide nothing";
      return { severity: "warning", message, at };
    }),
  ];
}

function insideAnyOf({ rule, at }: PolicyRule): readonly Misplaced[] {
  if (rule.kind !== "anyOf") return [];
  return rule.rules.flatMap(staticKinds).map((kind): Misplaced => {
    const why = kind === "deny" ? "can never hold" : "always holds, so the other alternatives decide nothing";
    return { severity: "problem", message: `${kind} as an alternative in anyOf ${why}: take it out`, at };
  });
}

function staticKinds(rule: Rule): readonly ("deny" | "unsafeAllow")[] {
  if (rule.kind === "anyOf") return rule.rules.flatMap(staticKinds);
  return rule.kind === "deny" || rule.kind === "unsafeAllow" ? [rule.kind] : [];
}
