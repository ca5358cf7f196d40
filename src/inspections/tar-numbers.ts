const NUL = 0;
const SPACE = 0x20;

function isPadding(byte: number | undefined): boolean {
  return byte === NUL || byte === SPACE;
}

/** An octal field as Go's `parseOctal` reads it; `undefined` is its error. Blank is 0. */
export function parseOctal(bytes: Uint8Array, at: number, length: number): number | undefined {
  let from = at;
  let to = at + length;
  while (from < to && isPadding(bytes[from])) from += 1;
  while (to > from && isPadding(bytes[to - 1])) to -= 1;
  let value = 0;
  for (let index = from; index < to; index += 1) {
    const byte = bytes[index] ?? NUL;
    if (byte === NUL) break;
    if (byte < 0x30 || byte > 0x37) return undefined;
    value = value * 8 + (byte - 0x30);
  }
  return value;
}

/**
 * An octal or base-256 field as Go's `parseNumeric` reads it, possibly negative. `undefined` is its error, and ours for
 * numbers a double does not hold exactly.
 */
export function parseNumeric(bytes: Uint8Array, at: number, length: number): number | undefined {
  const first = bytes[at] ?? NUL;
  return (first & 0x80) === 0 ? parseOctal(bytes, at, length) : parseBase256(bytes, at, length);
}

function parseBase256(bytes: Uint8Array, at: number, length: number): number | undefined {
  const inverted = ((bytes[at] ?? NUL) & 0x40) === 0 ? 0 : 0xff;
  let value = 0n;
  for (let index = at; index < at + length; index += 1) {
    const byte = (bytes[index] ?? NUL) ^ inverted;
    value = (value << 8n) | BigInt(index === at ? byte & 0x7f : byte);
  }
  const signed = inverted === 0 ? value : -value - 1n;
  const exact = Number(signed);
  return Number.isSafeInteger(exact) ? exact : undefined;
}

const DECIMAL = /^[+-]?[0-9]+$/;

/** Decimal text as Go's `strconv.ParseInt(text, 10, 64)`; `undefined` is its error, and ours for unsafe integers. */
export function parseDecimal(text: string): number | undefined {
  if (text.length > 64 || !DECIMAL.test(text)) return undefined;
  const value = Number(BigInt(text.startsWith("+") ? text.slice(1) : text));
  return Number.isSafeInteger(value) ? value : undefined;
}

const PAX_TIME = /^[+-]?[0-9]+(?:\.[0-9]*)?$/;

/** Whether Go's `parsePAXTime` accepts it; when it was does not matter to us. */
export function isPaxTime(text: string): boolean {
  return PAX_TIME.test(text) && parseDecimal(text.split(".", 1)[0] ?? "") !== undefined;
}
