import { noOverload, placed } from "./operation.ts";
import { ExpressionRefused } from "./refusal.ts";
import { chained, type Compile, type Frame, type Scope, type Step } from "./step.ts";
import type { Syntax } from "./syntax.ts";
import { CelError, isList, isMap, type CelValue, type Result, type StaticType } from "./value.ts";

type Call = Extract<Syntax, { readonly kind: "call" }>;

/** What is done with one item. */
type OfItem = (item: CelValue) => Result;
type Macro = {
  readonly gives: StaticType;
  /** How many arguments follow the name: `map` may have a condition before what it makes. */
  readonly bodies: readonly number[];
  readonly walk: (items: readonly CelValue[], test: OfItem, make: OfItem) => Result;
};

/** CEL language definition, "Macros". */
const MACROS: Readonly<Record<string, Macro>> = {
  all: { gives: "bool", bodies: [1], walk: (items, test) => until(items, test, false) },
  exists: { gives: "bool", bodies: [1], walk: (items, test) => until(items, test, true) },
  exists_one: { gives: "bool", bodies: [1], walk: isOne },
  existsOne: { gives: "bool", bodies: [1], walk: isOne },
  filter: { gives: "list", bodies: [1], walk: (items, test) => picked(items, test, (item) => item) },
  map: { gives: "list", bodies: [1, 2], walk: picked },
};

export const MACRO_NAMES: readonly string[] = Object.keys(MACROS);

/** Stops at the value that decides; an error counts only if no other item decides. */
function until(items: readonly CelValue[], test: OfItem, deciding: boolean): Result {
  let error: CelError | undefined;
  for (const item of items) {
    const result = test(item);
    if (result === deciding) return deciding;
    if (result instanceof CelError) error ??= result;
  }
  return error ?? !deciding;
}

function isOne(items: readonly CelValue[], test: OfItem): Result {
  let count = 0;
  for (const item of items) {
    const result = test(item);
    if (result instanceof CelError) return result;
    if (result === true) count += 1;
  }
  return count === 1;
}

function picked(items: readonly CelValue[], test: OfItem, make: OfItem): Result {
  const made: CelValue[] = [];
  for (const item of items) {
    const wanted = test(item);
    if (wanted instanceof CelError) return wanted;
    if (wanted !== true) continue;
    const result = make(item);
    if (result instanceof CelError) return result;
    made.push(result);
  }
  return made;
}

/** A macro that goes over a list, or over the keys of a map; `undefined` if the call is none. */
export function comprehension(call: Call, scope: Scope, compile: Compile): Step | undefined {
  const macro = Object.hasOwn(MACROS, call.name) ? MACROS[call.name] : undefined;
  if (macro === undefined || call.of === undefined) return undefined;
  const [variable, ...bodies] = call.args;
  if (variable?.kind !== "name" || !macro.bodies.includes(bodies.length)) {
    throw new ExpressionRefused(call.at, `${call.name} needs a name and what to do with it: ${usage(call.name)}`);
  }
  // Names of the statement and of the macros around have the positions before this one.
  const slot = Math.max(-1, ...scope.values()) + 1;
  const inner = new Map(scope).set(variable.name, slot);
  const range = compile(call.of, scope);
  if (!["list", "map", "dyn"].includes(range.type))
    throw new ExpressionRefused(call.at, `${call.name} goes over a list`);
  return assembled(call, macro, { range, slot, steps: bodies.map((body) => compile(body, inner)) });
}

type Parts = { readonly range: Step; readonly slot: number; readonly steps: readonly Step[] };

function assembled({ at, name }: Call, macro: Macro, { range, slot, steps }: Parts): Step {
  const makes = name === "map" ? steps.at(-1) : undefined;
  const tests = makes === undefined || steps.length > 1 ? steps[0] : undefined;
  if (tests !== undefined && !["bool", "dyn"].includes(tests.type)) {
    throw new ExpressionRefused(tests.at, `${name} needs a condition here, which is true or false`);
  }
  const run = (frame: Frame): Result =>
    chained(range, frame, (value) => {
      const items = itemsOf(value);
      if (items === undefined) return placed(noOverload(name, value), at);
      frame.meter.spend(items.length / 8);
      return macro.walk(items, testing(tests, { frame, slot }), making(makes, { frame, slot }));
    });
  const reads = new Set([range, ...steps].flatMap((step) => [...step.reads]).filter((read) => read !== slot));
  return { at, type: macro.gives, value: undefined, reads, run };
}

function itemsOf(value: CelValue): readonly CelValue[] | undefined {
  if (isList(value)) return value;
  return isMap(value) ? [...value.keys()] : undefined;
}

type Binding = { readonly frame: Frame; readonly slot: number };

const ERROR_COST = 16;

function making(step: Step | undefined, { frame, slot }: Binding): OfItem {
  if (step === undefined) return (item) => item;
  return (item) => {
    frame.meter.spend(1);
    frame.slots[slot] = item;
    const result = step.run(frame);
    // An error has words, which take their time to make.
    if (result instanceof CelError) frame.meter.spend(ERROR_COST);
    return result;
  };
}

function testing(step: Step | undefined, binding: Binding): OfItem {
  if (step === undefined) return () => true;
  const made = making(step, binding);
  return (item) => {
    const result = made(item);
    if (typeof result === "boolean" || result instanceof CelError) return result;
    return placed(noOverload("a condition", result), step.at);
  };
}

function usage(name: string): string {
  return name === "map" ? "list.map(x, x.name)" : `list.${name}(x, x.name == "…")`;
}
