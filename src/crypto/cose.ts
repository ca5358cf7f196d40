import { decode, encode, type TagDecodeControl } from "cborg";

import { InputError } from "../domain/errors.ts";

/** Decoded CBOR (RFC 8949). A tag that has a meaning here stands as `CborTag`; every other is refused. */
export type CborValue =
  | null
  | boolean
  | number
  | string
  | Uint8Array
  | readonly CborValue[]
  | ReadonlyMap<CborValue, CborValue>
  | CborTag;

/** Names of header parameters: numbers or texts (RFC 9052 section 1.5, `label`). */
export type CoseLabel = number | string;
export type CoseHeader = ReadonlyMap<CoseLabel, CborValue>;

/** A tagged `COSE_Sign1` with its payload inside (RFC 9052 section 4.2). Nothing in it is believed. */
export type CoseSign1 = {
  readonly protectedHeader: CoseHeader;
  readonly unprotectedHeader: CoseHeader;
  readonly payload: Uint8Array;
  /** Exactly the bytes that were signed: the `Sig_structure` (section 4.4). */
  readonly message: Uint8Array;
  readonly signature: Uint8Array;
};

export class CborTag {
  readonly tag: number;
  readonly value: CborValue;

  constructor(tag: number, value: CborValue) {
    this.tag = tag;
    this.value = value;
  }
}

const SIGN1 = 18;
/** Seconds since 1970 (RFC 8949 section 3.4.2). */
export const EPOCH_TIME = 1;

/** More in one place than any envelope has. */
const MAX_DEPTH = 16;

/**
 * Refuses what two readers could take for two things: keys twice, also across both headers, lengths that are indefinite or
 * not the shortest, other tags, bytes after the end. Throws `InputError`.
 */
export function parseCoseSign1(bytes: Uint8Array, maxBytes: number): CoseSign1 {
  if (bytes.length > maxBytes) refuse(`has ${bytes.length} bytes, more than the ${maxBytes} allowed`);
  const envelope = decodeCbor(bytes, "is not acceptable CBOR");
  const parts = envelope instanceof CborTag && envelope.tag === SIGN1 ? envelope.value : undefined;
  if (!isCborList(parts)) refuse("is no COSE_Sign1 with its tag 18");
  const [rawHeader, unprotected, payload, signature, ...more] = parts;
  if (more.length > 0) refuse("has more than the four parts of a COSE_Sign1");
  const body = bytesOf(rawHeader, "protected header");
  const content = bytesOf(payload, "payload");
  const protectedHeader = headerOf(decodeCbor(body, "has a protected header that is not acceptable CBOR"), "protected");
  const unprotectedHeader = headerOf(unprotected, "unprotected");
  for (const label of unprotectedHeader.keys()) {
    if (protectedHeader.has(label)) refuse(`has the header ${String(label)} twice, signed and unsigned`);
  }
  return {
    protectedHeader,
    unprotectedHeader,
    payload: content,
    message: encode(["Signature1", body, new Uint8Array(), content]),
    signature: bytesOf(signature, "signature"),
  };
}

function refuse(cause: string): never {
  throw new InputError("signature", `COSE envelope ${cause}`);
}

function tagged(tag: number): (content: TagDecodeControl) => CborTag {
  return (content) => new CborTag(tag, content() as CborValue);
}

const STRICT = {
  allowIndefinite: false,
  allowUndefined: false,
  allowInfinity: false,
  allowNaN: false,
  allowBigInt: false,
  strict: true,
  useMaps: true,
  rejectDuplicateMapKeys: true,
  tags: { [SIGN1]: tagged(SIGN1), [EPOCH_TIME]: tagged(EPOCH_TIME) },
};

/** The decoder calls itself for each level; hostile nesting ends the stack, which is one more way of being unacceptable. */
function decodeCbor(bytes: Uint8Array, cause: string): CborValue {
  let value: CborValue;
  try {
    value = decode(bytes, STRICT) as CborValue;
  } catch (error) {
    return refuse(`${cause}: ${error instanceof RangeError ? "it is nested too deeply" : messageOf(error)}`);
  }
  if (isDeeper(value, MAX_DEPTH)) refuse(`${cause}: it is nested too deeply`);
  return value;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message.slice(0, 120) : "it cannot be read";
}

function isDeeper(value: CborValue, levels: number): boolean {
  const children = childrenOf(value);
  return children.length > 0 && (levels === 0 || children.some((child) => isDeeper(child, levels - 1)));
}

function childrenOf(value: CborValue): readonly CborValue[] {
  if (value instanceof CborTag) return [value.value];
  if (isCborMap(value)) return [...value].flat();
  return isCborList(value) ? value : [];
}

export function isCborList(value: CborValue | undefined): value is readonly CborValue[] {
  return Array.isArray(value);
}

function isCborMap(value: CborValue | undefined): value is ReadonlyMap<CborValue, CborValue> {
  return value instanceof Map;
}

function bytesOf(value: CborValue | undefined, name: string): Uint8Array {
  return value instanceof Uint8Array ? value : refuse(`has a ${name} that is no byte string`);
}

function headerOf(value: CborValue | undefined, name: string): CoseHeader {
  if (!isCborMap(value)) refuse(`has a ${name} header that is no map`);
  const entries = [...value].map(([label, parameter]): [CoseLabel, CborValue] => {
    const known = typeof label === "string" || (typeof label === "number" && Number.isInteger(label));
    return known ? [label, parameter] : refuse(`has a ${name} header with a name that is neither number nor text`);
  });
  return new Map(entries);
}
