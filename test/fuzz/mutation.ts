/** Numbers from 0 to below 1 that a seed decides (mulberry32). */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** What parsers of text and of binary forms fall over. */
const TOKENS: readonly Buffer[] = [
  ...["", "{", "}", "[", "]", '"', ",", ":", "null", "-1", "1e999", "\\ud800", "\u017f", "=", "\n", "__proto__"].map(
    (text) => Buffer.from(text),
  ),
  ...["00", "ff", "80", "3080", "0500", "84ffffffff", "5b7fffffffffffffff", "bf", "c1", "eda080"].map((hex) =>
    Buffer.from(hex, "hex"),
  ),
];

/** A good input with one to four things replaced, cut out, doubled or put in; sometimes nothing but noise. */
export function mutate(good: Uint8Array, random: () => number): Buffer {
  const below = (limit: number): number => Math.floor(random() * limit);
  const noise = (length: number): Buffer => Buffer.from(Array.from({ length }, () => below(256)));
  if (below(20) === 0) return noise(below(200));
  let bytes = Buffer.from(good);
  for (let change = below(4); change >= 0; change -= 1) {
    const at = below(bytes.length + 1);
    const piece = [noise(below(5)), TOKENS[below(TOKENS.length)] ?? noise(1), bytes.subarray(at, at + below(30))];
    const cut = below(3) === 0 ? below(40) : below(4);
    bytes = Buffer.concat([bytes.subarray(0, at), piece[below(3)] ?? noise(1), bytes.subarray(at + cut)]);
  }
  return bytes;
}
