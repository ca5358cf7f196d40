import type { Digest } from "../domain/digest.ts";
import type { Known } from "../domain/gap.ts";
import { NOT_COLLECTED } from "../domain/gap.ts";
import { isJsonObject, type JsonValue } from "../domain/json.ts";
import type { AttestationQuery } from "../domain/policy.ts";
import type { Answer } from "./attestation-poll.ts";
import { compileExpression, type Evaluation, type Expression } from "./cel/expression.ts";
import type { Case } from "./rules/rule.ts";

/** What `where` sees of a statement (in-toto Attestation Framework, Statement). */
export const STATEMENT_NAMES = ["_type", "subject", "predicateType", "predicate"] as const;

const compiled = new WeakMap<object, Expression>();

/** The expression of a rule that was accepted, made ready once; `owner` is the part of the rule that holds it. */
export function expressionOf(owner: object, text: string, names: readonly string[]): Expression {
  const known = compiled.get(owner);
  if (known !== undefined) return known;
  const result = compileExpression(text, names);
  if (result.kind === "refused") throw new Error(`an expression passed its schema: ${result.message}`);
  compiled.set(owner, result.expression);
  return result.expression;
}

/** Whether one statement is as `where` says. */
export function judgeStatement(query: AttestationQuery, digest: Digest, of: Case): Answer {
  if (query.where === undefined) return { kind: "holds" };
  const value = statementOf(digest, of);
  if (value.kind !== "known") return { kind: "unknown", gap: value.kind === "gap" ? value.gap : undefined };
  const statement = value.value;
  const values = new Map(
    STATEMENT_NAMES.map((name) => [name, isJsonObject(statement) ? statement.get(name) : undefined]),
  );
  const expression = expressionOf(query, query.where, STATEMENT_NAMES);
  return answerFrom(of.evaluations.of(expression, [digest], values));
}

/** A statement's text, or that it is not at hand. */
export function statementOf(digest: Digest, of: Case): Known<JsonValue> {
  return of.statements.get(digest)?.value ?? NOT_COLLECTED;
}

/** Only `true` holds: an error is a violation of its own. */
export function answerFrom(evaluation: Evaluation): Answer {
  switch (evaluation.kind) {
    case "true":
      return { kind: "holds" };
    case "false":
      return { kind: "fails", reason: "predicate-mismatch", why: `is not as asked: ${evaluation.why}` };
    case "error":
      return { kind: "fails", reason: "predicate-error", why: `cannot be judged by where: ${evaluation.message}` };
  }
}
