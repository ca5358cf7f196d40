import { searchCost, textCost, type Meter } from "./meter.ts";
import { boundedText, failure, noOverload, type CelFunction } from "./operation.ts";
import { pointsIn } from "./points.ts";
import { isList, type CelValue, type Result, type StaticType } from "./value.ts";

const TEXT: readonly StaticType[] = ["string"];
const INT: readonly StaticType[] = ["int"];

type OnTexts<T> = (text: string, other: string) => T;

/** A method on a text with one text. */
function test(name: string, holds: OnTexts<boolean>): CelFunction {
  const call = ([text = null, other = null]: readonly CelValue[], meter: Meter): Result => {
    if (typeof text !== "string" || typeof other !== "string") return noOverload(name, text, other);
    meter.spend(searchCost(text.length, other.length));
    return holds(text, other);
  };
  return { takes: [TEXT, TEXT], gives: "bool", call };
}

/** A method on a text alone. */
function change(name: string, changed: (text: string) => string): CelFunction {
  const call = ([text = null]: readonly CelValue[], meter: Meter): Result => {
    if (typeof text !== "string") return noOverload(name, text);
    meter.spend(textCost(text.length) * 8);
    return changed(text);
  };
  return { takes: [TEXT], gives: "string", call };
}

/** Offsets count code points, as the size of a text does. */
function pointsOf(text: string, meter: Meter): readonly string[] {
  meter.spend(text.length);
  return pointsIn(text);
}

function search(name: string, find: (points: readonly string[], other: readonly string[], from: bigint) => bigint) {
  const call = ([text = null, other = null, from]: readonly CelValue[], meter: Meter): Result => {
    if (typeof text !== "string" || typeof other !== "string") return noOverload(name, text, other);
    const points = pointsOf(text, meter);
    const wanted = pointsOf(other, meter);
    // Every place of the text may be compared with all that is wanted.
    meter.spend((points.length * wanted.length) / 8);
    if (from === undefined) return find(points, wanted, name === "indexOf" ? 0n : BigInt(points.length));
    if (typeof from !== "bigint") return noOverload(name, text, from);
    if (from < 0n || from >= BigInt(points.length)) return outside(from, points);
    return find(points, wanted, from);
  };
  return { takes: [TEXT, TEXT, INT], optional: 1, gives: "int", call } satisfies CelFunction;
}

function outside(index: bigint, points: readonly string[]): Result {
  return failure(`the index ${index} is outside the text, which has ${points.length} characters`);
}

function standsAt(points: readonly string[], wanted: readonly string[], at: number): boolean {
  return wanted.every((point, offset) => points[at + offset] === point);
}

function firstIndex(points: readonly string[], wanted: readonly string[], from: bigint): bigint {
  for (let at = Number(from); at + wanted.length <= points.length; at++) {
    if (standsAt(points, wanted, at)) return BigInt(at);
  }
  return -1n;
}

function lastIndex(points: readonly string[], wanted: readonly string[], from: bigint): bigint {
  for (let at = Math.min(Number(from), points.length - wanted.length); at >= 0; at--) {
    if (standsAt(points, wanted, at)) return BigInt(at);
  }
  return -1n;
}

function charAt([text = null, index = null]: readonly CelValue[], meter: Meter): Result {
  if (typeof text !== "string" || typeof index !== "bigint") return noOverload("charAt", text, index);
  const points = pointsOf(text, meter);
  return index < 0n || index > BigInt(points.length) ? outside(index, points) : (points[Number(index)] ?? "");
}

function substring([text = null, from = null, to]: readonly CelValue[], meter: Meter): Result {
  if (typeof text !== "string" || typeof from !== "bigint") return noOverload("substring", text, from);
  const points = pointsOf(text, meter);
  const end = to ?? BigInt(points.length);
  if (typeof end !== "bigint") return noOverload("substring", text, end);
  if (from < 0n || from > BigInt(points.length)) return outside(from, points);
  if (end < from || end > BigInt(points.length)) return outside(end, points);
  return points.slice(Number(from), Number(end)).join("");
}

/** A limit on the number of parts or of replacements; none if it is negative or left out. */
function limitOf(limit: CelValue | undefined): number | undefined {
  if (limit === undefined) return Number.POSITIVE_INFINITY;
  if (typeof limit !== "bigint") return undefined;
  return limit < 0n ? Number.POSITIVE_INFINITY : Number(limit);
}

function split([text = null, separator = null, limit]: readonly CelValue[], meter: Meter): Result {
  const most = limitOf(limit);
  if (typeof text !== "string" || typeof separator !== "string" || most === undefined) {
    return noOverload("split", text, separator);
  }
  meter.spend(text.length + 1 + searchCost(text.length, separator.length));
  if (most === 0) return [];
  const parts = separator === "" ? pointsIn(text) : text.split(separator);
  if (parts.length <= most) return parts;
  return [...parts.slice(0, most - 1), parts.slice(most - 1).join(separator)];
}

function replace(args: readonly CelValue[], meter: Meter): Result {
  const [text = null, wanted = null, by = null, limit] = args;
  const most = limitOf(limit);
  if (typeof text !== "string" || typeof wanted !== "string" || typeof by !== "string" || most === undefined) {
    return noOverload("replace", text, wanted, by);
  }
  meter.spend(text.length + 1 + searchCost(text.length, wanted.length));
  const parts = wanted === "" ? ["", ...pointsIn(text), ""] : text.split(wanted);
  const count = Math.min(most, parts.length - 1);
  const units = text.length + count * by.length;
  meter.spend(textCost(units));
  const tooLong = boundedText(units);
  if (tooLong !== undefined) return tooLong;
  return (
    parts.slice(0, count + 1).join(by) +
    parts
      .slice(count + 1)
      .map((part) => wanted + part)
      .join("")
  );
}

function join([list = null, separator = ""]: readonly CelValue[], meter: Meter): Result {
  if (!isList(list) || typeof separator !== "string") return noOverload("join", list, separator);
  meter.spend(list.length);
  const texts = list.filter((item) => typeof item === "string");
  if (texts.length !== list.length) return failure("join is defined for a list of texts only");
  const units = texts.reduce((sum, text) => sum + text.length + separator.length, 0);
  meter.spend(textCost(units));
  return boundedText(units) ?? texts.join(separator);
}

/** White space as Unicode has it, which is what cel-go trims. */
const SPACE = "[\\t-\\r \\u0085\\u00a0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000]";
const LEADING = new RegExp(`^${SPACE}+`);
const SPACES = new RegExp(SPACE);

function trim(text: string): string {
  let end = text.length;
  while (end > 0 && SPACES.test(text.charAt(end - 1))) end -= 1;
  return text.slice(0, end).replace(LEADING, "");
}

/** The methods of texts that CEL and its strings extension (version 1) have, but for `matches`, `format` and `quote`. */
export const TEXT_FUNCTIONS: Readonly<Record<string, CelFunction>> = {
  contains: test("contains", (text, other) => text.includes(other)),
  startsWith: test("startsWith", (text, other) => text.startsWith(other)),
  endsWith: test("endsWith", (text, other) => text.endsWith(other)),
  lowerAscii: change("lowerAscii", (text) => text.replaceAll(/[A-Z]+/g, (letters) => letters.toLowerCase())),
  upperAscii: change("upperAscii", (text) => text.replaceAll(/[a-z]+/g, (letters) => letters.toUpperCase())),
  trim: change("trim", trim),
  charAt: { takes: [TEXT, INT], gives: "string", call: charAt },
  indexOf: search("indexOf", firstIndex),
  lastIndexOf: search("lastIndexOf", lastIndex),
  substring: { takes: [TEXT, INT, INT], optional: 1, gives: "string", call: substring },
  split: { takes: [TEXT, TEXT, INT], optional: 1, gives: "list", call: split },
  replace: { takes: [TEXT, TEXT, TEXT, INT], optional: 1, gives: "string", call: replace },
  join: { takes: [["list"], TEXT], optional: 1, gives: "string", call: join },
};
