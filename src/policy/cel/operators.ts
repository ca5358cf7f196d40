import { compare, equal } from "./comparison.ts";
import { textCost, type Meter } from "./meter.ts";
import { boundedText, failure, given, integer, noOverload } from "./operation.ts";
import type { Operator } from "./syntax.ts";
import { duration, timestamp } from "./time.ts";
import { isList, isMap, type CelKey, type CelMap, type CelValue, type Result } from "./value.ts";

type Binary = (a: CelValue, b: CelValue, meter: Meter) => Result;

/** The operators between two values, neither of which is an error. */
export const BINARY: Readonly<Record<Operator, Binary>> = {
  "==": equal,
  "!=": (a, b, meter) => !equal(a, b, meter),
  "<": ordered("<", (order) => order < 0),
  "<=": ordered("<=", (order) => order <= 0),
  ">": ordered(">", (order) => order > 0),
  ">=": ordered(">=", (order) => order >= 0),
  in: isIn,
  "+": (a, b, meter) => sum(a, b) ?? joined(a, b, meter) ?? noOverload("+", a, b),
  "-": (a, b) => difference(a, b) ?? noOverload("-", a, b),
  "*": numeric("*", { ints: (a, b) => integer(a * b), doubles: (a, b) => a * b }),
  "/": numeric("/", { ints: (a, b) => divided(a, b, a / (b || 1n)), doubles: (a, b) => a / b }),
  "%": numeric("%", { ints: (a, b) => divided(a, b, a % (b || 1n)) }),
};

function ordered(name: string, holds: (order: number) => boolean): Binary {
  return (a, b, meter) => {
    const order = compare(a, b, meter);
    return order === undefined ? noOverload(name, a, b) : holds(order);
  };
}

function isIn(value: CelValue, of: CelValue, meter: Meter): Result {
  if (isList(of)) return of.some((item) => equal(item, value, meter));
  if (!isMap(of)) return noOverload("in", value, of);
  const key = keyOf(value);
  return key === undefined ? noOverload("in", value, of) : of.has(key);
}

/** How a value looks up a map: a double that is a whole number finds the int that is worth the same. */
function keyOf(value: CelValue): CelKey | undefined {
  if (typeof value === "number") return Number.isInteger(value) ? BigInt(value) : Number.NaN.toString();
  return typeof value === "string" || typeof value === "bigint" || typeof value === "boolean" ? value : undefined;
}

type Numeric = {
  readonly ints: (a: bigint, b: bigint) => Result;
  readonly doubles?: (a: number, b: number) => number;
};

function numeric(name: string, { ints, doubles }: Numeric): Binary {
  return (a, b) => {
    if (typeof a === "bigint" && typeof b === "bigint") return ints(a, b);
    if (typeof a === "number" && typeof b === "number" && doubles !== undefined) return doubles(a, b);
    return noOverload(name, a, b);
  };
}

function divided(a: bigint, b: bigint, result: bigint): Result {
  return b === 0n ? failure(`${a} is divided by zero`) : integer(result);
}

function sum(a: CelValue, b: CelValue): Result | undefined {
  if (typeof a === "bigint" && typeof b === "bigint") return integer(a + b);
  if (typeof a === "number" && typeof b === "number") return a + b;
  const times = nanosOf(a, b);
  if (times === undefined || times.kinds === "timestamp timestamp") return undefined;
  const nanos = times.a + times.b;
  return times.kinds === "duration duration" ? span(nanos) : moment(nanos);
}

function difference(a: CelValue, b: CelValue): Result | undefined {
  if (typeof a === "bigint" && typeof b === "bigint") return integer(a - b);
  if (typeof a === "number" && typeof b === "number") return a - b;
  const times = nanosOf(a, b);
  if (times === undefined || times.kinds === "duration timestamp") return undefined;
  const nanos = times.a - times.b;
  return times.kinds === "timestamp duration" ? moment(nanos) : span(nanos);
}

type Times = { readonly kinds: string; readonly a: bigint; readonly b: bigint };

function nanosOf(a: CelValue, b: CelValue): Times | undefined {
  if (a === null || b === null || typeof a !== "object" || typeof b !== "object") return undefined;
  if (!("nanos" in a && "nanos" in b)) return undefined;
  return { kinds: `${a.kind} ${b.kind}`, a: a.nanos, b: b.nanos };
}

function moment(nanos: bigint): Result {
  return given(timestamp(nanos), "the timestamp would be outside the years 1 to 9999");
}

function span(nanos: bigint): Result {
  return given(duration(nanos), "the duration would be longer than 292 years");
}

function joined(a: CelValue, b: CelValue, meter: Meter): Result | undefined {
  if (typeof a === "string" && typeof b === "string") {
    const units = a.length + b.length;
    meter.spend(textCost(units));
    return boundedText(units) ?? a + b;
  }
  if (!isList(a) || !isList(b)) return undefined;
  meter.spend(a.length + b.length);
  return [...a, ...b];
}

/** `of[index]`. */
export function indexed(of: CelValue, index: CelValue): Result {
  if (isMap(of)) {
    const key = keyOf(index);
    return key === undefined ? noOverload("[…]", of, index) : member(of, key);
  }
  if (!isList(of)) return noOverload("[…]", of, index);
  const at = typeof index === "bigint" || typeof index === "number" ? Number(index) : undefined;
  if (at === undefined) return noOverload("[…]", of, index);
  return given(of[at], `the index ${at} is outside the list, which has ${of.length} items`);
}

/** A member that is not there is an error, never null. */
function member(of: CelMap, key: CelKey): Result {
  const value = of.get(key);
  return value === undefined ? failure(`there is no member ${JSON.stringify(String(key).slice(0, 80))}`) : value;
}

/** `of.name`. */
export function selected(of: CelValue, name: string): Result {
  return isMap(of) ? member(of, name) : noOverload(`.${name}`, of);
}

export function negated(value: CelValue): Result {
  if (typeof value === "bigint") return integer(-value);
  return typeof value === "number" ? -value : noOverload("-", value);
}

export function inverted(value: CelValue): Result {
  return typeof value === "boolean" ? !value : noOverload("!", value);
}
