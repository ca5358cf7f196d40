import { InputError } from "../domain/errors.ts";
import { instantOf, type Instant } from "../domain/instant.ts";

/** One element of DER (ITU-T X.690). */
export type DerValue = {
  /** The identifier octet: class, constructed bit and number below 31. */
  readonly tag: number;
  /** The element with its header: what signatures and comparisons are over. */
  readonly bytes: Uint8Array;
  readonly content: Uint8Array;
};

export const TAG = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  oid: 0x06,
  enumerated: 0x0a,
  utcTime: 0x17,
  generalizedTime: 0x18,
  sequence: 0x30,
  set: 0x31,
} as const;

/** More elements in one place than any certificate or token has. */
const MAX_CHILDREN = 256;
/** Real object identifiers have up to 12 bytes. */
const MAX_OID = 32;

export function derError(what: string): InputError {
  return new InputError("signature", `the DER is broken: ${what}`);
}

/** Bytes that are exactly one element. Throws `InputError`, as all readers here. */
export function readDer(bytes: Uint8Array): DerValue {
  const value = elementAt(bytes, 0);
  if (value.bytes.length !== bytes.length) throw derError("bytes follow the end");
  return value;
}

/** The elements of a constructed one, one by one and as many as there are: only the size of the whole limits them. */
export function* elementsOf(value: DerValue | undefined, tag: number): Generator<DerValue, void> {
  const { content } = expected(value, tag);
  for (let at = 0; at < content.length;) {
    const child = elementAt(content, at);
    yield child;
    at += child.bytes.length;
  }
}

/** The elements of a constructed one, which must have this tag. */
export function childrenOf(value: DerValue | undefined, tag: number): readonly DerValue[] {
  const children: DerValue[] = [];
  for (const child of elementsOf(value, tag)) {
    if (children.length === MAX_CHILDREN) throw derError(`more than ${MAX_CHILDREN} elements in one`);
    children.push(child);
  }
  return children;
}

/** An element of these parts, with the shortest length. */
export function derOf(tag: number, parts: readonly Uint8Array[]): Uint8Array {
  const content = Buffer.concat(parts);
  const size = content.length.toString(16);
  const bytes = Buffer.from(size.length % 2 === 0 ? size : `0${size}`, "hex");
  const length = content.length < 0x80 ? bytes : Buffer.concat([Buffer.of(0x80 | bytes.length), bytes]);
  return Buffer.concat([Buffer.of(tag), length, content]);
}

/** The element itself if it has this tag. */
export function expected(value: DerValue | undefined, tag: number): DerValue {
  if (value?.tag === tag) return value;
  const found = value === undefined ? "nothing" : `tag ${value.tag}`;
  throw derError(`${found} where tag ${tag} belongs`);
}

/** The only element inside an explicit tag. */
export function onlyChild(value: DerValue | undefined, tag: number): DerValue {
  const children = childrenOf(value, tag);
  const [child] = children;
  if (child === undefined || children.length !== 1) throw derError(`${children.length} elements where one belongs`);
  return child;
}

/** Tags above 30, indefinite lengths and lengths that are not the shortest are no DER (X.690 section 10.1). */
function elementAt(bytes: Uint8Array, at: number): DerValue {
  const [tag = 0, first = 0] = bytes.subarray(at, at + 2);
  if ((tag & 0x1f) === 0x1f) throw derError("a tag of more than one byte");
  const extra = first < 0x80 ? 0 : first & 0x7f;
  if (first === 0x80) throw derError("a length that is indefinite");
  const start = at + 2 + extra;
  if (start > bytes.length) throw derError("it ends too early");
  const length = extra === 0 ? first : bytes.subarray(at + 2, start).reduce((sum, byte) => sum * 256 + byte, 0);
  if (extra > 0 && (length < 0x80 || length < 256 ** (extra - 1))) throw derError("a length that is not the shortest");
  const end = start + length;
  if (end > bytes.length) throw derError("it ends too early");
  return { tag, bytes: bytes.subarray(at, end), content: bytes.subarray(start, end) };
}

/** An object identifier with dots. */
export function oidOf(value: DerValue | undefined): string {
  const { content } = expected(value, TAG.oid);
  if (content.length === 0 || content.length > MAX_OID) throw derError("an object identifier of an impossible length");
  const arcs: bigint[] = [];
  let arc = 0n;
  for (const [at, byte] of content.entries()) {
    if (arc === 0n && byte === 0x80) throw derError("an object identifier that is not the shortest");
    arc = (arc << 7n) | BigInt(byte & 0x7f);
    if (byte < 0x80) {
      arcs.push(arc);
      arc = 0n;
    } else if (at === content.length - 1) throw derError("an object identifier that ends too early");
  }
  const [head = 0n, ...rest] = arcs;
  const root = head < 40n ? 0n : head < 80n ? 1n : 2n;
  return [root, head - root * 40n, ...rest].join(".");
}

/** The two's complement bytes of an integer, checked to be the fewest. */
export function integerBytes(value: DerValue | undefined, tag: number = TAG.integer): Uint8Array {
  const { content } = expected(value, tag);
  const [first, second] = content;
  if (first === undefined) throw derError("an integer without bytes");
  if (second !== undefined && ((first === 0 && second < 0x80) || (first === 0xff && second >= 0x80))) {
    throw derError("an integer that is not the shortest");
  }
  return content;
}

/** An integer from 0 to 2^31 - 1. */
export function smallInteger(value: DerValue | undefined, tag: number = TAG.integer): number {
  const bytes = integerBytes(value, tag);
  if (bytes.length > 4 || (bytes[0] ?? 0) >= 0x80) throw derError("an integer out of range");
  return bytes.reduce((sum, byte) => sum * 256 + byte, 0);
}

export function booleanOf(value: DerValue | undefined): boolean {
  const { content } = expected(value, TAG.boolean);
  if (content.length !== 1 || (content[0] !== 0 && content[0] !== 0xff)) throw derError("a boolean of another value");
  return content[0] === 0xff;
}

/** A bit string of whole bytes. */
export function octetsOfBits(value: DerValue | undefined): Uint8Array {
  const { content } = expected(value, TAG.bitString);
  if (content[0] !== 0) throw derError("a bit string that is not of whole bytes");
  return content.subarray(1);
}

const UTC_TIME = /^(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})Z$/;
const GENERALIZED_TIME = /^(\d{4})(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})(?:\.(\d{0,8}[1-9]))?Z$/;

/** A UTCTime of the years 1950 to 2049 (RFC 5280 section 4.1.2.5.1) or a GeneralizedTime in UTC. */
export function timeOf(value: DerValue | undefined): Instant {
  if (value?.tag !== TAG.utcTime) return generalizedTimeOf(value);
  const [, year = "", ...rest] = UTC_TIME.exec(Buffer.from(value.content).toString("latin1")) ?? [];
  return instantOfParts(`${Number(year) >= 50 ? "19" : "20"}${year}`, rest);
}

/** `YYYYMMDDhhmmss[.f]Z`, without zeros at the end of the fraction (RFC 3161 section 2.4.2). */
export function generalizedTimeOf(value: DerValue | undefined): Instant {
  const { content } = expected(value, TAG.generalizedTime);
  const [, year = "", ...rest] = GENERALIZED_TIME.exec(Buffer.from(content).toString("latin1")) ?? [];
  return instantOfParts(year, rest);
}

/** A date that no calendar has would be moved to another by `Date`, so the parts are written again and compared. */
function instantOfParts(year: string, [month, day, hour, minute, second, fraction = ""]: readonly string[]): Instant {
  const text = `${year}-${month}-${day}T${hour}:${minute}:${second}.${fraction.slice(0, 3).padEnd(3, "0")}Z`;
  const millis = Date.parse(text);
  if (Number.isNaN(millis) || new Date(millis).toISOString() !== text) throw derError("a time that is none");
  return instantOf(millis);
}
