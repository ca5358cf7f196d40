import type { JsonValue } from "../../domain/json.ts";
import { compile } from "./compile.ts";
import { CostExceeded, type Meter } from "./meter.ts";
import { ExpressionRefused } from "./refusal.ts";
import type { Step } from "./step.ts";
import { pathsOf, type StatementPath } from "./statement-path.ts";
import type { Syntax } from "./syntax.ts";
import { parseSyntax } from "./syntax-parser.ts";
import { CelError, describeType, describeValue } from "./value.ts";
import { firstFalse } from "./witness.ts";

/** What an expression may read, by name. A name without a value is an error where it is read. */
export type Values = ReadonlyMap<string, JsonValue | undefined>;

/** An error is never taken for `false` by what asks: it says that there is no answer. */
export type Evaluation =
  | { readonly kind: "true" }
  /** `why` is the part that is false with what it read, for people. */
  | { readonly kind: "false"; readonly why: string }
  | { readonly kind: "error"; readonly message: string };

export type Expression = {
  readonly text: string;
  /** What of its names it can read; the first of each path is a name. */
  readonly paths: readonly StatementPath[];
  /** Never throws, and never spends more than the meter has. */
  readonly evaluate: (values: Values, meter: Meter) => Evaluation;
};

export type Compiled =
  | { readonly kind: "compiled"; readonly expression: Expression }
  /** `offset` counts UTF-16 units from the beginning of the text. */
  | { readonly kind: "refused"; readonly message: string; readonly offset: number };

/** Longer expressions belong into several rules. */
const LONGEST = 16_384;

/** What one evaluation may cost: some tens of milliseconds, or a simple look at each of 100,000 things. */
export const EVALUATION_COST = 2_000_000;

/**
 * Reads a condition in CEL over some names. It has no clock and reaches nothing but its values. Refused, with the reason
 * in words, if it could never be evaluated, gives no truth value, or gives the same whatever the values are.
 */
export function compileExpression(text: string, names: readonly string[]): Compiled {
  if (text.length > LONGEST) return { kind: "refused", message: `is longer than ${LONGEST} characters`, offset: 0 };
  try {
    const syntax = parseSyntax(text);
    const step = compile(syntax, new Map(names.map((name, at) => [name, at])));
    checkCondition(step);
    const evaluate = (values: Values, meter: Meter): Evaluation =>
      evaluated({ text, names, syntax, step }, values, meter);
    return { kind: "compiled", expression: { text, paths: pathsOf(syntax, names), evaluate } };
  } catch (error) {
    if (!(error instanceof ExpressionRefused)) throw error;
    return { kind: "refused", message: error.message, offset: error.offset };
  }
}

function checkCondition({ type, value, at }: Step): void {
  if (type !== "bool" && type !== "dyn") {
    throw new ExpressionRefused(at, `the expression gives ${describeType(type)}, and must give true or false`);
  }
  if (value === undefined) return;
  const always = value === true ? "true whatever the statement says: leave where out" : "false whatever it reads";
  throw new ExpressionRefused(at, `the expression is ${always}`);
}

type Ready = { readonly text: string; readonly names: readonly string[]; readonly syntax: Syntax; readonly step: Step };

function evaluated({ text, names, syntax, step }: Ready, values: Values, meter: Meter): Evaluation {
  try {
    const result = step.run({ meter, slots: names.map((name) => values.get(name)) });
    if (result === true) return { kind: "true" };
    if (result === false) return { kind: "false", why: firstFalse(syntax, { text, names, values, meter }) };
    if (result instanceof CelError)
      return { kind: "error", message: `${result.message} (at ${snippet(text, result.at)})` };
    return { kind: "error", message: `the expression gave ${describeValue(result)}, not true or false` };
  } catch (error) {
    if (!(error instanceof CostExceeded)) throw error;
    return {
      kind: "error",
      message: "it costs more to evaluate than is allowed: look at fewer things, or at each once",
    };
  }
}

/** Some of the text from an offset on. */
function snippet(text: string, at: number): string {
  const rest = text.slice(at).replaceAll(/\s+/g, " ");
  return rest.length > 40 ? `${rest.slice(0, 40)}…` : rest;
}
