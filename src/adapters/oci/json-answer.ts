import { parseStrictJson } from "../../crypto/strict-json.ts";
import { InputError, PortError } from "../../domain/errors.ts";
import type { JsonValue } from "../../domain/json.ts";
import { readLimited } from "../../net/limited-body.ts";
import { statedLength } from "./exchange.ts";
import { MAX_MANIFEST_BYTES } from "./limits.ts";
import type { FollowedAnswer } from "./redirects.ts";
import { discard, headerOf } from "./transport.ts";

/** A whole answer of at most `limit` bytes, as it was served. Throws `PortError`. */
export async function readBytes(answer: FollowedAnswer, limit: number, what: string): Promise<Uint8Array> {
  const coding = headerOf(answer, "content-encoding") ?? "identity";
  if (coding !== "identity") {
    discard(answer.body);
    throw new PortError("unsupported", what, "the answer has a content coding although none was accepted");
  }
  if ((statedLength(answer) ?? 0) > limit) {
    discard(answer.body);
    throw new PortError("too-large", what, `the answer is larger than ${limit} bytes`);
  }
  return readLimited(answer.body, limit, what);
}

/** JSON with the size in bytes that it had. */
export type SizedJson = { readonly value: JsonValue; readonly size: number };

export async function readJson(answer: FollowedAnswer, what: string): Promise<SizedJson> {
  const bytes = await readBytes(answer, MAX_MANIFEST_BYTES, what);
  const value = asAnswer(what, () =>
    parseStrictJson(bytes, { code: "json", name: "the answer", maxBytes: MAX_MANIFEST_BYTES }),
  );
  return { value, size: bytes.length };
}

/** Text from a registry that is not what it claims is the world lying, not the caller: `InputError` → `PortError`. */
export function asAnswer<Value>(what: string, parse: () => Value): Value {
  try {
    return parse();
  } catch (error) {
    if (error instanceof InputError) throw new PortError("malformed", what, error.message, { cause: error });
    throw error;
  }
}

/** The media type of an answer without its parameters, in lower case; empty if there is none. */
export function mediaTypeOf(answer: FollowedAnswer): string {
  return (headerOf(answer, "content-type") ?? "").split(";", 1)[0]?.trim().toLowerCase() ?? "";
}
