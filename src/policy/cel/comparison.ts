import { textCost, type Meter } from "./meter.ts";
import { isList, isMap, typeOf, type CelMap, type CelValue } from "./value.ts";

/** Values of different kinds are unequal, except that numbers compare by what they are worth. Spends as it goes. */
export function equal(a: CelValue, b: CelValue, meter: Meter): boolean {
  meter.spend(1);
  if (isNumber(a) && isNumber(b)) {
    // An int and a double are ordered exactly, without turning one into the other; NaN is neither below nor above.
    return !Number.isNaN(Number(a)) && !Number.isNaN(Number(b)) && !(a < b) && !(a > b);
  }
  if (typeof a === "string" && typeof b === "string") {
    if (a.length !== b.length) return false;
    meter.spend(textCost(a.length));
    return a === b;
  }
  if (a === null || b === null || typeof a !== "object" || typeof b !== "object") return a === b;
  return equalObjects(a, b, meter);
}

function isNumber(value: CelValue): value is bigint | number {
  return typeof value === "bigint" || typeof value === "number";
}

type CelObject = Extract<CelValue, object>;

function equalObjects(a: CelObject, b: CelObject, meter: Meter): boolean {
  if (isList(a) || isList(b)) return isList(a) && isList(b) && equalLists(a, b, meter);
  if (isMap(a) || isMap(b)) return isMap(a) && isMap(b) && equalMaps(a, b, meter);
  if (a.kind === "type" || b.kind === "type") return a.kind === "type" && b.kind === "type" && a.name === b.name;
  return a.kind === b.kind && a.nanos === b.nanos;
}

function equalLists(a: readonly CelValue[], b: readonly CelValue[], meter: Meter): boolean {
  return a.length === b.length && a.every((item, at) => equal(item, b[at] ?? null, meter));
}

function equalMaps(a: CelMap, b: CelMap, meter: Meter): boolean {
  if (a.size !== b.size) return false;
  for (const [key, value] of a) {
    const other = b.get(key);
    if (other === undefined || !equal(value, other, meter)) return false;
  }
  return true;
}

/** Negative, zero or positive; `NaN` where one is no number; `undefined` where CEL defines no order. */
export function compare(a: CelValue, b: CelValue, meter: Meter): number | undefined {
  if (isNumber(a) && isNumber(b)) return a < b ? -1 : a > b ? 1 : equal(a, b, meter) ? 0 : Number.NaN;
  if (typeof a === "string" && typeof b === "string") {
    meter.spend(textCost(Math.min(a.length, b.length)));
    return compareTexts(a, b);
  }
  if (typeof a === "boolean" && typeof b === "boolean") return Number(a) - Number(b);
  return compareTimes(a, b);
}

function compareTimes(a: CelValue, b: CelValue): number | undefined {
  const type = typeOf(a);
  if (type !== typeOf(b) || a === null || b === null || typeof a !== "object" || typeof b !== "object")
    return undefined;
  if (!("nanos" in a && "nanos" in b)) return undefined;
  return a.nanos < b.nanos ? -1 : a.nanos > b.nanos ? 1 : 0;
}

/** By code points, as UTF-8 sorts; JavaScript's own order puts the astral planes before U+E000. */
function compareTexts(a: string, b: string): number {
  if (a === b) return 0;
  const length = Math.min(a.length, b.length);
  for (let at = 0; at < length; at++) {
    const [x, y] = [a.charCodeAt(at), b.charCodeAt(at)];
    if (x !== y) return rank(x) - rank(y);
  }
  return a.length - b.length;
}

/** Surrogates stand for code points above all others. */
function rank(unit: number): number {
  return unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit;
}
