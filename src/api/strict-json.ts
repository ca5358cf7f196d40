import { InputError } from "../domain/errors.ts";

/** No request of ours nests deeper than four; this leaves room for admission objects (reliability: parse limits). */
export const MAX_DEPTH = 32;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/**
 * Parses UTF-8 JSON in which every object names each member once and nothing nests beyond `MAX_DEPTH`. Throws `InputError`
 * code `request`. Depth is looked at before parsing, since the parser itself recurses.
 */
export function parseStrictJson(bytes: Uint8Array): unknown {
  const text = decode(bytes);
  checkDepth(text);
  const value = parse(text);
  checkMembers(text);
  return value;
}

function refuse(why: string): never {
  throw new InputError("request", `The body is not acceptable JSON: ${why}`);
}

function decode(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return refuse("it is not UTF-8");
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    // The parser's own message repeats a part of the body.
    return refuse("it does not parse");
  }
}

/** Just past the string that opens at `start`; the text's end if it never closes. */
function endOfString(text: string, start: number): number {
  for (let at = start + 1; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === BACKSLASH) at += 1;
    else if (code === QUOTE) return at + 1;
  }
  return text.length;
}

function checkDepth(text: string): void {
  let depth = 0;
  for (let at = 0; at < text.length; at += 1) {
    const char = text[at];
    if (char === '"') at = endOfString(text, at) - 1;
    else if (char === "{" || char === "[") depth += 1;
    else if (char === "}" || char === "]") depth -= 1;
    if (depth > MAX_DEPTH) refuse(`it nests deeper than ${MAX_DEPTH}`);
  }
}

/** Readers differ in which of two equal members they believe, so there may be only one. The text is known to be JSON. */
function checkMembers(text: string): void {
  const open: (Set<string> | undefined)[] = [];
  let expectsKey = false;
  for (let at = 0; at < text.length; at += 1) {
    const char = text[at];
    if (char === '"') {
      const end = endOfString(text, at);
      if (expectsKey) addMember(open.at(-1), JSON.parse(text.slice(at, end)) as string);
      expectsKey = false;
      at = end - 1;
    } else if (char === "{" || char === "[") open.push(char === "{" ? new Set() : undefined);
    else if (char === "}" || char === "]") open.pop();
    if (char === "{" || char === ",") expectsKey = open.at(-1) !== undefined;
  }
}

function addMember(members: Set<string> | undefined, name: string): void {
  if (members?.has(name) === true) refuse(`the member "${name.slice(0, 64)}" is there twice`);
  // As a member it would be dropped or would change an object's prototype, depending on who copies it.
  if (name === "__proto__") refuse('it has a member "__proto__"');
  members?.add(name);
}
