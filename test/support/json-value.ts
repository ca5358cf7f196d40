import { parseStrictJson } from "../../src/crypto/strict-json.ts";
import type { JsonValue } from "../../src/domain/json.ts";

/** JSON text, or anything JSON can say, as the domain's parsers are given it. */
export function jsonValue(value: unknown): JsonValue {
  const text = typeof value === "string" ? value : JSON.stringify(value);
  return parseStrictJson(Buffer.from(text), { code: "json", name: "test", maxBytes: 1 << 24 });
}
