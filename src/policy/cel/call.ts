import { quoted } from "../../domain/quoted.ts";
import { suggestion } from "../suggestion.ts";
import { MACRO_NAMES } from "./comprehension.ts";
import { FUNCTIONS, METHODS } from "./functions.ts";
import { noOverload, placed, type CelFunction } from "./operation.ts";
import { matchStep } from "./match-step.ts";
import { ExpressionRefused } from "./refusal.ts";
import { chained, readsOf, type Compile, type Frame, type Scope, type Step } from "./step.ts";
import type { Syntax } from "./syntax.ts";
import { CelError, describeType, isMap, type CelValue, type Result } from "./value.ts";

type Call = Extract<Syntax, { readonly kind: "call" }>;

/** A function or method with its arguments. Throws `ExpressionRefused` for one that CEL does not have. */
export function compileCall(call: Call, scope: Scope, compile: Compile): Step {
  if (call.of === undefined && call.name === "has") return presence(call, scope, compile);
  const written = call.of === undefined ? call.args : [call.of, ...call.args];
  if (call.name === "matches")
    return matchStep(
      call.at,
      written.map((part) => compile(part, scope)),
    );
  const known = knownFunction(call);
  const steps = written.map((part) => compile(part, scope));
  checkArguments(call, known, steps);
  return applied(call, known, steps);
}

function knownFunction({ at, of, name }: Call): CelFunction {
  const functions = of === undefined ? FUNCTIONS : METHODS;
  const known = Object.hasOwn(functions, name) ? functions[name] : undefined;
  if (known !== undefined) return known;
  if (["uint", "bytes", "bool"].includes(name) && of === undefined) {
    throw new ExpressionRefused(at, `${name}(…) is not supported: JSON has no such values to make`);
  }
  const names =
    of === undefined
      ? [...Object.keys(FUNCTIONS), "has", "matches"]
      : [...Object.keys(METHODS), "matches", ...MACRO_NAMES];
  const kind = of === undefined ? "function" : "method";
  throw new ExpressionRefused(at, `there is no ${kind} ${quoted(name, 40)}${suggestion(name, names)}`);
}

function checkArguments({ at, of, name }: Call, { takes, optional = 0 }: CelFunction, steps: readonly Step[]): void {
  if (steps.length > takes.length || steps.length < takes.length - optional) {
    const own = of === undefined ? 0 : 1;
    const most = takes.length - own;
    const counts = optional === 0 ? `${most}` : `${most - optional} to ${most}`;
    throw new ExpressionRefused(at, `${name} takes ${counts} arguments, not ${steps.length - own}`);
  }
  for (const [position, step] of steps.entries()) {
    const types = takes[position] ?? [];
    if (step.type === "dyn" || types.includes("dyn") || types.includes(step.type)) continue;
    throw new ExpressionRefused(step.at, `${name} is not defined for ${describeType(step.type)}`);
  }
}

function applied({ at }: Call, { gives, call }: CelFunction, steps: readonly Step[]): Step {
  const run = (frame: Frame): Result => {
    frame.meter.spend(1);
    const values: CelValue[] = [];
    for (const step of steps) {
      const value = step.run(frame);
      if (value instanceof CelError) return value;
      values.push(value);
    }
    return placed(call(values, frame.meter), at);
  };
  return { at, type: gives, value: undefined, reads: readsOf(...steps), run };
}

/** `has(a.b)`: whether a map has a member, whatever its value. */
function presence({ at, args }: Call, scope: Scope, compile: Compile): Step {
  const [asked] = args;
  if (args.length !== 1 || asked?.kind !== "member") {
    throw new ExpressionRefused(at, "has takes a member, as in has(predicate.builder)");
  }
  const of = compile(asked.of, scope);
  const run = (frame: Frame): Result => {
    frame.meter.spend(1);
    return chained(of, frame, (value) => (isMap(value) ? value.has(asked.name) : placed(noOverload("has", value), at)));
  };
  return { at, type: "bool", value: undefined, reads: of.reads, run };
}
