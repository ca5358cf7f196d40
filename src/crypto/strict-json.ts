import { InputError, type InputCode } from "../domain/errors.ts";
import type { JsonObject, JsonValue } from "../domain/json.ts";
import { quoted } from "../domain/quoted.ts";
import { JsonScanner } from "./json-scanner.ts";

const UTF_8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Deeper than any manifest, configuration or statement, and far from the end of the call stack. */
const MAX_DEPTH = 64;
/** Three bytes can make a value of two hundred in memory; no honest manifest has a tenth as many. */
const MAX_VALUES = 200_000;

export type StrictJsonOptions = {
  readonly code: InputCode;
  /** What the text is, for messages: `manifest`. */
  readonly name: string;
  readonly maxBytes: number;
  /** How deep arrays and objects may stand in one another; by default 64, and never more than 1000. */
  readonly maxDepth?: number;
  /** How many values and members the text may hold, which bounds memory; by default 200,000. */
  readonly maxValues?: number;
};

/** What is left of the limits while one text is read. */
type Reading = { readonly scanner: JsonScanner; readonly maxDepth: number; values: number };

/**
 * JSON that every reader understands alike (RFC 8259 with the choices of RFC 7493): UTF-8 without a byte order mark, no
 * key twice, no half surrogate, no number beyond a double, nothing after the value. Linear in the text; size is checked
 * first and depth on the way. Where it does not throw an `InputError`, it agrees with `JSON.parse`.
 */
export function parseStrictJson(bytes: Uint8Array, options: StrictJsonOptions): JsonValue {
  if (bytes.byteLength > options.maxBytes) {
    refuse(options, `has ${bytes.byteLength} bytes, more than the ${options.maxBytes} allowed`);
  }
  const scanner = new JsonScanner(decode(bytes, options), options.code, options.name);
  const maxDepth = Math.min(options.maxDepth ?? MAX_DEPTH, 1000);
  const value = readValue({ scanner, maxDepth, values: options.maxValues ?? MAX_VALUES }, 0);
  if (scanner.peek() !== "") scanner.refuse("something follows the value");
  return value;
}

function refuse(options: StrictJsonOptions, cause: string): never {
  throw new InputError(options.code, `${options.name} ${cause}`);
}

function decode(bytes: Uint8Array, options: StrictJsonOptions): string {
  try {
    const text = UTF_8.decode(bytes);
    return text.startsWith("\ufeff") ? refuse(options, "begins with a byte order mark, which JSON forbids") : text;
  } catch (error) {
    if (error instanceof InputError) throw error;
    return refuse(options, "is not UTF-8 text");
  }
}

function readValue(reading: Reading, depth: number): JsonValue {
  const { scanner } = reading;
  reading.values -= 1;
  if (reading.values < 0) scanner.refuse("the text holds more values than allowed");
  switch (scanner.peek()) {
    case "{":
      return readObject(reading, depth + 1);
    case "[":
      return readArray(reading, depth + 1);
    case '"':
      return scanner.string();
    case "t":
      return scanner.word("true", true);
    case "f":
      return scanner.word("false", false);
    case "n":
      return scanner.word("null", null);
    default:
      return scanner.number();
  }
}

function checkDepth(reading: Reading, depth: number): void {
  if (depth > reading.maxDepth) reading.scanner.refuse(`values are nested deeper than ${reading.maxDepth}`);
}

function readArray(reading: Reading, depth: number): readonly JsonValue[] {
  const { scanner } = reading;
  checkDepth(reading, depth);
  scanner.take("[");
  const items: JsonValue[] = [];
  if (scanner.take("]")) return items;
  do items.push(readValue(reading, depth));
  while (scanner.take(","));
  if (!scanner.take("]")) scanner.refuse("expected a comma or the array's end");
  return items;
}

function readObject(reading: Reading, depth: number): JsonObject {
  const { scanner } = reading;
  checkDepth(reading, depth);
  scanner.take("{");
  const members = new Map<string, JsonValue>();
  if (scanner.take("}")) return members;
  do readMember(reading, members, depth);
  while (scanner.take(","));
  if (!scanner.take("}")) scanner.refuse("expected a comma or the object's end");
  return members;
}

function readMember(reading: Reading, members: Map<string, JsonValue>, depth: number): void {
  const { scanner } = reading;
  if (scanner.peek() !== '"') scanner.refuse("expected a key in quotes");
  const key = scanner.string();
  if (members.has(key)) scanner.refuse(`the key ${quoted(key)} stands twice`);
  if (!scanner.take(":")) scanner.refuse("expected a colon");
  members.set(key, readValue(reading, depth));
}
