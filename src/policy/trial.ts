import { askedOf } from "../domain/needs.ts";
import type { AttestationQuery, AttestedContent, Enforcement, Rule, Signatories } from "../domain/policy.ts";
import type { AuthorityName } from "../domain/trust.ts";
import type { Judgement } from "./judgement.ts";
import { judgeRule, needsOfRule } from "./rules/index.ts";
import type { Case } from "./rules/rule.ts";
import { membersOf } from "./signatories.ts";
import { isReliedUpon } from "./votes.ts";

/** What an authority that is only tried as yet would have decided by itself. */
export type Trial = {
  readonly authority: AuthorityName;
  readonly enforcement: Enforcement;
  readonly judgement: Judgement;
};

/** Every authority that a rule names and may not rely upon, judged as if the rule named it alone. */
export function trialsOf(rule: Rule, of: Case): readonly Trial[] {
  return askedOf(needsOfRule(rule)).flatMap((name) => {
    const enforcement = of.authorities.get(name)?.enforcement;
    if (enforcement === undefined || isReliedUpon(enforcement, of.enforcement)) return [];
    return rulesOf(name, rule).map((alone): Trial => {
      const judgement = judgeRule(alone, { ...of, enforcement });
      const message = `${name} is only tried as yet (enforcement: ${enforcement}): ${judgement.message}`;
      return { authority: name, enforcement, judgement: { ...judgement, message } };
    });
  });
}

/** The parts of a rule that ask for this authority, asking for no other in its place. */
function rulesOf(name: AuthorityName, rule: Rule): readonly Rule[] {
  if (rule.kind === "anyOf") return rule.rules.flatMap((one) => rulesOf(name, one));
  if (rule.kind === "signed") return names(rule.by, name) ? [{ kind: "signed", by: alone(name) }] : [];
  if (rule.kind === "base") {
    return rule.signedBy !== undefined && names(rule.signedBy, name) ? [{ ...rule, signedBy: alone(name) }] : [];
  }
  const content = rule.kind === "attested" ? contentOf(name, rule.content) : undefined;
  return content === undefined ? [] : [{ kind: "attested", content }];
}

function names(tree: Signatories, name: AuthorityName): boolean {
  return membersOf(tree).includes(name);
}

function alone(name: AuthorityName): Signatories {
  return { kind: "authority", name };
}

function contentOf(name: AuthorityName, content: AttestedContent): AttestedContent | undefined {
  const changed = (query: AttestationQuery): AttestationQuery =>
    names(query.by, name) ? { ...query, by: alone(name) } : query;
  if (content.kind === "single")
    return names(content.query.by, name) ? { ...content, query: changed(content.query) } : undefined;
  const queries = Object.entries(content.queries);
  if (!queries.some(([, { by }]) => names(by, name))) return undefined;
  return { ...content, queries: Object.fromEntries(queries.map(([key, query]) => [key, changed(query)])) };
}
