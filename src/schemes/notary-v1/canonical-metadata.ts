import { InputError } from "../../domain/errors.ts";
import { isJsonArray, type JsonObject, type JsonValue } from "../../domain/json.ts";

/**
 * The bytes that signatures of TUF metadata cover (OLPC canonical JSON, as docker/go writes it): members in the order of
 * their UTF-8 bytes, no white space, whole numbers only, and in texts nothing but quotes and backslashes escaped. Throws
 * `InputError` for numbers that have no such form.
 */
export function canonicalMetadata(value: JsonValue): string {
  if (typeof value === "string") return canonicalText(value);
  if (typeof value === "number") return canonicalNumber(value);
  if (value === null || typeof value === "boolean") return String(value);
  if (isJsonArray(value)) return `[${value.map(canonicalMetadata).join(",")}]`;
  return canonicalObject(value);
}

function canonicalObject(object: JsonObject): string {
  const members = [...object].sort(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  return `{${members.map(([key, value]) => `${canonicalText(key)}:${canonicalMetadata(value)}`).join(",")}}`;
}

function canonicalText(text: string): string {
  return `"${text.replaceAll(/["\\]/g, "\\$&")}"`;
}

function canonicalNumber(value: number): string {
  if (Number.isSafeInteger(value)) return String(value === 0 ? 0 : value);
  throw new InputError("signature", `trust data holds the number ${value}, which is no whole number below 2^53`);
}
