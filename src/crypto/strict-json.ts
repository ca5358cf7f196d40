import { InputError, type InputCode } from "../domain/errors.ts";
import type { JsonValue } from "../domain/json.ts";

/** UTF-8 JSON text as a value. Throws `InputError` naming the document. */
export function parseStrictJson(
  bytes: Uint8Array,
  options: {
    readonly code: InputCode;
    readonly name: string;
    readonly maxBytes: number;
    readonly maxDepth?: number;
  },
): JsonValue {
  if (bytes.byteLength > options.maxBytes) throw new InputError(options.code, `${options.name} is too large`);
  try {
    return valueOf(JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes)));
  } catch (error) {
    throw new InputError(options.code, `${options.name} is not JSON`, { cause: error });
  }
}

function valueOf(value: unknown): JsonValue {
  if (Array.isArray(value)) return value.map(valueOf);
  if (typeof value === "object" && value !== null) {
    return new Map(Object.entries(value).map(([key, item]) => [key, valueOf(item)]));
  }
  return value as JsonValue;
}
