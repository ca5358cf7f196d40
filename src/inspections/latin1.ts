/** Arguments per call: well below the stack's bound. */
const STEP = 8192;

/** Bytes `from` to `to` as a string of the same length, one character a byte: names are compared as bytes. */
export function latin1(bytes: Uint8Array, from: number, to: number): string {
  let text = "";
  for (let at = from; at < to; at += STEP) {
    text += Reflect.apply(String.fromCharCode, undefined, bytes.subarray(at, Math.min(at + STEP, to)));
  }
  return text;
}

/** Up to the first NUL, as Go's `parseString`. */
export function cString(bytes: Uint8Array, from: number, length: number): string {
  let to = from;
  while (to < from + length && bytes[to] !== 0) to += 1;
  return latin1(bytes, from, to);
}

/** Text of a JSON document as its UTF-8 bytes, or `undefined` for text that has none (a lone surrogate). */
export function utf8Bytes(text: string): string | undefined {
  try {
    return encodeURIComponent(text).replaceAll(/%([0-9A-F]{2})/g, (_, hex: string) =>
      String.fromCharCode(Number.parseInt(hex, 16)),
    );
  } catch (error) {
    if (error instanceof URIError) return undefined;
    throw error;
  }
}

export function hexOfLatin1(text: string): string {
  if (text === "") return "";
  return Array.from(text, (character) => character.charCodeAt(0).toString(16).padStart(2, "0")).join("");
}
