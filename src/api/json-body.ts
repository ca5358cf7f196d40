import { parseStrictJson } from "../crypto/strict-json.ts";
import { InputError } from "../domain/errors.ts";
import { isJsonArray, isJsonObject, type JsonValue } from "../domain/json.ts";
import { MAX_BODY_BYTES } from "./body.ts";

/** No request of ours nests deeper than four; this leaves room for admission objects (reliability: parse limits). */
const MAX_DEPTH = 32;

type Plain = null | boolean | number | string | readonly Plain[] | { readonly [key: string]: Plain };

/** A body as the plain value that schemas read. Throws `InputError`. */
export function parseJsonBody(bytes: Uint8Array): Plain {
  return plain(
    parseStrictJson(bytes, { code: "request", name: "body", maxBytes: MAX_BODY_BYTES, maxDepth: MAX_DEPTH }),
  );
}

function plain(value: JsonValue): Plain {
  if (isJsonArray(value)) return value.map(plain);
  if (!isJsonObject(value)) return value;
  // As a member it would be dropped or would change an object's prototype, depending on who copies it.
  if (value.has("__proto__")) throw new InputError("request", 'body has a member "__proto__": leave it out');
  return Object.fromEntries([...value].map(([name, member]) => [name, plain(member)]));
}
