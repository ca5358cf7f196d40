import { quoted } from "../../domain/quoted.ts";
import { suggestion } from "../suggestion.ts";
import { comprehension } from "./comprehension.ts";
import { compileCall } from "./call.ts";
import { CostExceeded, Meter } from "./meter.ts";
import { noOverload, placed } from "./operation.ts";
import { BINARY, indexed, inverted, negated, selected } from "./operators.ts";
import { ExpressionRefused } from "./refusal.ts";
import { chained, constantStep, readsOf, type Compile, type Frame, type Scope, type Step } from "./step.ts";
import type { Syntax } from "./syntax.ts";
import { CelError, describeType, typeOf, type CelKey, type CelValue, type Result, type StaticType } from "./value.ts";

type Of<K extends Syntax["kind"]> = Extract<Syntax, { readonly kind: K }>;

/** What may be spent on working out parts that are the same for every statement. */
const FOLDING_COST = 10_000;

/** Making a list or a map costs more than reading one. */
const ALLOCATION = 8;

const TYPE_NAMES = ["bool", "int", "double", "string", "list", "map", "null_type", "type"] as const;
const LONG_TYPE_NAMES: readonly string[] = ["google.protobuf.Timestamp", "google.protobuf.Duration"];

/** Makes an expression ready for evaluation. Throws `ExpressionRefused` for what could never be evaluated. */
export const compile: Compile = (syntax, scope) => folded(unfolded(syntax, scope));

/** Works a part out that reads nothing; an error there is the author's mistake. */
function folded(step: Step): Step {
  if (step.value !== undefined || step.reads.size > 0) return step;
  try {
    const value = step.run({ meter: new Meter(FOLDING_COST), slots: [] });
    if (!(value instanceof CelError)) return constantStep(step.at, typeOf(value), value);
    throw new ExpressionRefused(value.at, `this can never be computed: ${value.message}`);
  } catch (error) {
    if (!(error instanceof CostExceeded)) throw error;
    throw new ExpressionRefused(step.at, "this part, which reads nothing of the statement, costs too much to compute");
  }
}

type Operation = Of<"not" | "negative"> | Of<"binary"> | Of<"and" | "or"> | Of<"choice">;

function isOperation(syntax: Syntax): syntax is Operation {
  return ["not", "negative", "binary", "and", "or", "choice"].includes(syntax.kind);
}

function unfolded(syntax: Syntax, scope: Scope): Step {
  if (isOperation(syntax)) return operation(syntax, scope);
  switch (syntax.kind) {
    case "literal":
      return constantStep(syntax.at, typeOf(syntax.value), syntax.value);
    case "name":
      return name(syntax, scope);
    case "list":
      return list(syntax, scope);
    case "map":
      return map(syntax, scope);
    case "member":
      return member(syntax, scope);
    case "index":
      return index(syntax, scope);
    case "call":
      return comprehension(syntax, scope, compile) ?? compileCall(syntax, scope, compile);
  }
}

function operation(syntax: Operation, scope: Scope): Step {
  switch (syntax.kind) {
    case "not":
    case "negative":
      return unary(syntax, scope, syntax.kind === "not" ? NOT : NEGATIVE);
    case "binary":
      return binary(syntax, scope);
    case "and":
    case "or":
      return junction(syntax, scope);
    case "choice":
      return choice(syntax, scope);
  }
}

function name({ at, name }: Of<"name">, scope: Scope): Step {
  const slot = scope.get(name);
  if (slot !== undefined)
    return { at, type: "dyn", value: undefined, reads: new Set([slot]), run: reading(name, slot, at) };
  const type = TYPE_NAMES.find((one) => one === name);
  if (type !== undefined) return constantStep(at, "type", { kind: "type", name: type });
  if (name === "now") {
    throw new ExpressionRefused(at, "there is no clock in an expression: say how old it may be with notOlderThan");
  }
  throw new ExpressionRefused(at, `nothing is called ${quoted(name, 40)} here${suggestion(name, [...scope.keys()])}`);
}

function reading(name: string, slot: number, at: number): Step["run"] {
  return ({ meter, slots }) => {
    meter.spend(1);
    return slots[slot] ?? (slots[slot] === null ? null : new CelError(at, `there is no ${name}`));
  };
}

function list({ at, items }: Of<"list">, scope: Scope): Step {
  const steps = items.map((item) => compile(item, scope));
  const run = (frame: Frame): Result => {
    frame.meter.spend(ALLOCATION + steps.length);
    const values: CelValue[] = [];
    for (const step of steps) {
      const value = step.run(frame);
      if (value instanceof CelError) return value;
      values.push(value);
    }
    return values;
  };
  return { at, type: "list", value: undefined, reads: readsOf(...steps), run };
}

function map({ at, entries }: Of<"map">, scope: Scope): Step {
  const steps = entries.map(([key, value]) => ({ key: compile(key, scope), value: compile(value, scope) }));
  const run = (frame: Frame): Result => {
    frame.meter.spend(ALLOCATION + steps.length);
    const made = new Map<CelKey, CelValue>();
    for (const step of steps) {
      const key = step.key.run(frame);
      if (key instanceof CelError) return key;
      const value = step.value.run(frame);
      if (value instanceof CelError) return value;
      if (typeof key !== "string" && typeof key !== "bigint" && typeof key !== "boolean") {
        return placed(noOverload("a key of a map", key), step.key.at);
      }
      if (made.has(key)) return new CelError(step.key.at, "the map has the same key twice");
      made.set(key, value);
    }
    return made;
  };
  return { at, type: "map", value: undefined, reads: readsOf(...steps.flatMap(({ key, value }) => [key, value])), run };
}

function member(syntax: Of<"member">, scope: Scope): Step {
  const { at, of, name } = syntax;
  const long = LONG_TYPE_NAMES.find((one) => one === dotted(syntax));
  if (long !== undefined && !scope.has("google")) return constantStep(at, "type", { kind: "type", name: long });
  const step = compile(of, scope);
  requireType(step, ["map"], `.${name}`);
  const run = (frame: Frame): Result => {
    frame.meter.spend(1);
    const value = step.run(frame);
    return value instanceof CelError ? value : placed(selected(value, name), at);
  };
  return { at, type: "dyn", value: undefined, reads: step.reads, run };
}

/** `a.b.c` as it is written, as far as it is only names. */
function dotted(syntax: Syntax): string | undefined {
  if (syntax.kind === "name") return syntax.name;
  if (syntax.kind !== "member") return undefined;
  const before = dotted(syntax.of);
  return before === undefined ? undefined : `${before}.${syntax.name}`;
}

function index({ at, of, index }: Of<"index">, scope: Scope): Step {
  const steps = { of: compile(of, scope), index: compile(index, scope) };
  requireType(steps.of, ["list", "map"], "[…]");
  const run = (frame: Frame): Result =>
    chained(steps.of, frame, (of) =>
      chained(steps.index, frame, (index) => {
        frame.meter.spend(1);
        return placed(indexed(of, index), at);
      }),
    );
  return { at, type: "dyn", value: undefined, reads: readsOf(steps.of, steps.index), run };
}

type Unary = { readonly takes: readonly StaticType[]; readonly result: (value: CelValue) => Result };

const NOT: Unary = { takes: ["bool"], result: inverted };
const NEGATIVE: Unary = { takes: ["int", "double"], result: negated };

function unary({ at, of }: Of<"not" | "negative">, scope: Scope, { takes, result }: Unary): Step {
  const step = compile(of, scope);
  requireType(step, takes, takes.includes("bool") ? "!" : "-");
  const run = (frame: Frame): Result => {
    frame.meter.spend(1);
    return chained(step, frame, (value) => placed(result(value), at));
  };
  return { at, type: takes.includes("bool") ? "bool" : step.type, value: undefined, reads: step.reads, run };
}

const COMPARISONS: readonly string[] = ["==", "!=", "<", "<=", ">", ">=", "in"];

function binary({ at, operator, left, right }: Of<"binary">, scope: Scope): Step {
  const a = compile(left, scope);
  const b = compile(right, scope);
  if (operator === "in") requireType(b, ["list", "map"], "in");
  const apply = BINARY[operator];
  const run = (frame: Frame): Result => {
    frame.meter.spend(1);
    const x = a.run(frame);
    if (x instanceof CelError) return x;
    const y = b.run(frame);
    return y instanceof CelError ? y : placed(apply(x, y, frame.meter), at);
  };
  const type: StaticType = COMPARISONS.includes(operator) ? "bool" : a.type === b.type ? a.type : "dyn";
  return { at, type, value: undefined, reads: readsOf(a, b), run };
}

/** An operand that decides makes the errors of the others unimportant, on whichever side it stands. */
function junction({ at, kind, operands }: Of<"and" | "or">, scope: Scope): Step {
  const deciding = kind === "or";
  const steps = operands.map(({ syntax }) => compile(syntax, scope));
  for (const step of steps) requireType(step, ["bool"], kind === "or" ? "||" : "&&");
  if (steps.some(({ value }) => value === deciding)) return constantStep(at, "bool", deciding);
  const run = (frame: Frame): Result => {
    frame.meter.spend(1);
    let error: CelError | undefined;
    for (const step of steps) {
      const value = step.run(frame);
      if (value === deciding) return deciding;
      if (value instanceof CelError) error ??= value;
      else if (typeof value !== "boolean")
        error ??= new CelError(step.at, noOverload(deciding ? "||" : "&&", value).message);
    }
    return error ?? !deciding;
  };
  return { at, type: "bool", value: undefined, reads: readsOf(...steps), run };
}

function choice({ at, condition, yes, no }: Of<"choice">, scope: Scope): Step {
  const steps = { condition: compile(condition, scope), yes: compile(yes, scope), no: compile(no, scope) };
  requireType(steps.condition, ["bool"], "?");
  const run = (frame: Frame): Result => {
    frame.meter.spend(1);
    return chained(steps.condition, frame, (value) => {
      if (typeof value !== "boolean") return placed(noOverload("?", value), at);
      return (value ? steps.yes : steps.no).run(frame);
    });
  };
  const type = steps.yes.type === steps.no.type ? steps.yes.type : "dyn";
  return { at, type, value: undefined, reads: readsOf(steps.condition, steps.yes, steps.no), run };
}

function requireType(step: Step, takes: readonly StaticType[], what: string): void {
  if (step.type === "dyn" || takes.includes(step.type)) return;
  throw new ExpressionRefused(step.at, `${what} is not defined for ${describeType(step.type)}`);
}
