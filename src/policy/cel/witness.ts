import { isJsonArray, isJsonObject, type JsonValue } from "../../domain/json.ts";
import { quoted } from "../../domain/quoted.ts";
import { compile } from "./compile.ts";
import { CostExceeded, type Meter } from "./meter.ts";
import { pathsOf, type StatementPath } from "./statement-path.ts";
import type { Syntax } from "./syntax.ts";

type Asked = {
  readonly text: string;
  readonly names: readonly string[];
  readonly values: ReadonlyMap<string, JsonValue | undefined>;
  readonly meter: Meter;
};

const LONGEST_TEXT = 120;
/** More values in one sentence would hide the one that matters. */
const SHOWN = 3;

/** Says which part of a false condition is false, and what stood where it looked, as far as that is a plain value. */
export function firstFalse(syntax: Syntax, asked: Asked): string {
  const part = falsePart({ syntax, from: 0, to: asked.text.length }, asked);
  const written = asked.text.slice(part.from, part.to).trim().replaceAll(/\s+/g, " ");
  const clipped = written.length > LONGEST_TEXT ? `${written.slice(0, LONGEST_TEXT)}…` : written;
  const seen = pathsOf(part.syntax, asked.names).flatMap((path) => seenAt(path, asked.values));
  return `${clipped} is false${seen.length === 0 ? "" : `: ${seen.slice(0, SHOWN).join(", ")}`}`;
}

type Part = { readonly syntax: Syntax; readonly from: number; readonly to: number };

/** Goes down through `&&` to the first side that is false by itself. */
function falsePart(part: Part, asked: Asked): Part {
  if (part.syntax.kind !== "and") return part;
  const operand = part.syntax.operands.find(({ syntax }) => isFalse(syntax, asked));
  return operand === undefined ? part : falsePart(operand, asked);
}

function isFalse(syntax: Syntax, { names, values, meter }: Asked): boolean {
  const step = compile(syntax, new Map(names.map((name, at) => [name, at])));
  try {
    return step.run({ meter, slots: names.map((name) => values.get(name)) }) === false;
  } catch (error) {
    // The answer is known already; there is only nothing left for finding its reason.
    if (error instanceof CostExceeded) return false;
    throw error;
  }
}

function seenAt(path: StatementPath, values: ReadonlyMap<string, JsonValue | undefined>): readonly string[] {
  const [name = "", ...rest] = path;
  const value = rest.reduce<JsonValue | undefined>(
    (of, step) => (isJsonObject(of) ? of.get(step) : undefined),
    values.get(name),
  );
  const shown = plain(value);
  return shown === undefined ? [] : [`${path.join(".")} is ${shown}`];
}

function plain(value: JsonValue | undefined): string | undefined {
  if (value === undefined) return undefined;
  if (isJsonArray(value)) return value.length === 0 ? "an empty list" : undefined;
  if (isJsonObject(value)) return undefined;
  return typeof value === "string" ? quoted(value) : String(value);
}
