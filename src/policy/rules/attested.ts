import { formatDuration } from "../../domain/duration.ts";
import { NO_NEEDS, type Needs, type StatementNeed } from "../../domain/needs.ts";
import type { AttestationQuery, AttestedContent } from "../../domain/policy.ts";
import { judgeJoin } from "../attestation-join.ts";
import { judgeQuery } from "../attestation-query.ts";
import { attestedContent } from "../attested-schema.ts";
import { shortest, type StatementPath } from "../cel/statement-path.ts";
import type { Judgement } from "../judgement.ts";
import { formatSignatories, membersOf } from "../signatories.ts";
import { expressionOf, STATEMENT_NAMES } from "../statement-condition.ts";
import { judgeTargets } from "../vouched-target.ts";
import type { Case, RuleDefinition, RuleOf } from "./rule.ts";

type AttestedRule = RuleOf<"attested">;

const schema = attestedContent.transform((content): AttestedRule => ({ kind: "attested", content }));

function judge({ content }: AttestedRule, of: Case): Judgement {
  return judgeTargets(of, {
    participle: "attested",
    monotonic: queriesOf(content).every(({ select }) => select === "any"),
    judge: (target) =>
      content.kind === "join" ? judgeJoin(content, target, of) : judgeQuery(content.query, target, of).judgement,
  });
}

function queriesOf(content: AttestedContent): readonly AttestationQuery[] {
  return content.kind === "single" ? [content.query] : Object.values(content.queries);
}

function needs({ content }: AttestedRule): Needs {
  const attesters = [...new Set(queriesOf(content).flatMap(({ by }) => membersOf(by)))];
  return { ...NO_NEEDS, attesters, statements: statementNeeds(content) };
}

/** What the expressions read of each kind of statement; nothing, where there is no expression. */
function statementNeeds(content: AttestedContent): readonly StatementNeed[] {
  if (content.kind === "single") return needOf(content.query, []);
  const { paths } = expressionOf(content, content.where, Object.keys(content.queries));
  return Object.entries(content.queries).flatMap(([name, query]) =>
    needOf(
      query,
      paths.filter(([first]) => first === name).map(([, ...rest]) => rest),
    ),
  );
}

function needOf(query: AttestationQuery, joined: readonly StatementPath[]): readonly StatementNeed[] {
  const own = query.where === undefined ? [] : expressionOf(query, query.where, STATEMENT_NAMES).paths;
  const paths = [...own, ...joined].flatMap(written);
  if (paths.length === 0) return [];
  const texts = shortest(paths).map((path) => path.join("."));
  return [{ attesters: membersOf(query.by), predicateType: query.predicateType, paths: texts }];
}

/** A path as a need writes it, with dots between: one through a name that has a dot ends before it. */
function written(path: StatementPath): readonly StatementPath[] {
  const odd = path.findIndex((name) => name === "" || name.includes("."));
  const plain = odd < 0 ? path : path.slice(0, odd);
  return plain.length === 0 ? STATEMENT_NAMES.map((name) => [name]) : [plain];
}

function explain({ content }: AttestedRule): string {
  if (content.kind === "single") return `is attested to ${explainQuery(content.query)}`;
  const each = Object.entries(content.queries).map(([name, query]) => `as ${name} ${explainQuery(query)}`);
  return `is attested to ${each.join(", and ")}, which together are such that ${oneLine(content.where)}`;
}

const SELECTED = { latest: "the latest", any: "any", all: "all" } as const;

function explainQuery({ by, predicateType, where, notOlderThanMs, select }: AttestationQuery): string {
  const condition = where === undefined ? "" : `, ${SELECTED[select]} of them such that ${oneLine(where)}`;
  const age = notOlderThanMs === undefined ? "" : `, made less than ${formatDuration(notOlderThanMs)} ago`;
  return `by ${formatSignatories(by)} with ${predicateType}${age}${condition}`;
}

function oneLine(expression: string): string {
  return expression.trim().replaceAll(/\s+/g, " ");
}

/** Statements about the image by distinct signers, and what they say. */
export const attested: RuleDefinition<"attested"> = { kind: "attested", schema, needs, judge, explain };
