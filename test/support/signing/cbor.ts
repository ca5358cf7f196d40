/** A tag around a value. */
export class Tagged {
  readonly tag: number;
  readonly value: unknown;

  constructor(tag: number, value: unknown) {
    this.tag = tag;
    this.value = value;
  }
}

/** Bytes that are CBOR already. */
export class RawCbor {
  readonly bytes: Uint8Array;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }
}

/** Writes CBOR (RFC 8949), right or wrong: a list of pairs, given as a `Map`'s constructor takes them, may hold a key twice. */
export function cbor(value: unknown): Buffer {
  if (value instanceof RawCbor) return Buffer.from(value.bytes);
  if (value instanceof Tagged) return Buffer.concat([head(6, value.tag), cbor(value.value)]);
  if (value instanceof Uint8Array) return Buffer.concat([head(2, value.length), value]);
  if (value instanceof Map) return pairs([...value]);
  if (Array.isArray(value)) return Buffer.concat([head(4, value.length), ...value.map(cbor)]);
  if (typeof value === "string") return Buffer.concat([head(3, Buffer.byteLength(value)), Buffer.from(value)]);
  if (typeof value === "number") return value >= 0 ? head(0, value) : head(1, -1 - value);
  return typeof value === "boolean" ? Buffer.of(value ? 0xf5 : 0xf4) : Buffer.of(0xf6);
}

export function pairs(entries: readonly (readonly [unknown, unknown])[]): Buffer {
  return Buffer.concat([head(5, entries.length), ...entries.flatMap(([key, value]) => [cbor(key), cbor(value)])]);
}

function head(major: number, value: number): Buffer {
  if (value < 24) return Buffer.of((major << 5) | value);
  if (value < 0x100) return Buffer.of((major << 5) | 24, value);
  if (value < 0x10000) return Buffer.of((major << 5) | 25, value >> 8, value & 0xff);
  const bytes = Buffer.alloc(5, (major << 5) | 26);
  bytes.writeUInt32BE(value, 1);
  return bytes;
}
