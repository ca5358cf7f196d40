const INTEGER = /^[+-]?[0-9]+$/;
const MAX_INT64 = 2n ** 63n - 1n;
/** Longer digits are far beyond 64 bits whatever they are, and BigInt's parser is not linear. */
const MAX_DIGITS = 64;

/**
 * Decimal digits as Go's `strconv.Atoi` and `ParseInt(text, 10, 64)` take them: a sign and leading zeros allowed, no
 * space, no underscore, ASCII only. Beyond 64 bits it is the nearest bound, as Go leaves it. `undefined` if not a number.
 * Never `Number()` or `parseInt()`: to those "", " 0" and "0x0" are zero.
 */
export function parseGoInt(text: string): bigint | undefined {
  if (!INTEGER.test(text)) return undefined;
  const negative = text.startsWith("-");
  const digits = text.replace(/^[+-]/, "").replace(/^0+(?=[0-9])/, "");
  const size = digits.length > MAX_DIGITS ? MAX_INT64 + 1n : BigInt(digits);
  if (negative) return size > MAX_INT64 + 1n ? -MAX_INT64 - 1n : -size;
  return size > MAX_INT64 ? MAX_INT64 : size;
}
