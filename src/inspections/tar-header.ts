import { ambiguous, malformed, type Fault } from "./fault.ts";
import { cString } from "./latin1.ts";
import { parseNumeric, parseOctal } from "./tar-numbers.ts";

export const BLOCK = 512;

/** One 512-byte header as Go's `readHeader` reads it, before PAX and GNU extensions. */
export type TarHeader = {
  readonly kind: "header";
  /** The type flag's character. */
  readonly type: string;
  readonly name: string;
  readonly link: string;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly size: number;
  readonly device: string;
};

type Format = "v7" | "ustar" | "star" | "gnu";

const CHECKSUM_AT = 148;
const MAGIC_AT = 257;
const PREFIX_AT = 345;

/** Whether the block's checksum is right when bytes are summed unsigned (POSIX) or signed (old Sun tar). */
export function checksumOf(bytes: Uint8Array, at: number): "unsigned" | "signed" | "wrong" {
  const stated = parseOctal(bytes, at + CHECKSUM_AT, 8);
  // The field itself counts as eight spaces.
  const sum = sumOf(bytes, at, at + BLOCK) - sumOf(bytes, at + CHECKSUM_AT, at + CHECKSUM_AT + 8) + 8 * 0x20;
  if (stated === sum) return "unsigned";
  const high = highBytes(bytes, at, at + CHECKSUM_AT) + highBytes(bytes, at + CHECKSUM_AT + 8, at + BLOCK);
  return stated === sum - 256 * high ? "signed" : "wrong";
}

function sumOf(bytes: Uint8Array, from: number, to: number): number {
  let sum = 0;
  for (let index = from; index < to; index += 1) sum += bytes[index] as number;
  return sum;
}

function highBytes(bytes: Uint8Array, from: number, to: number): number {
  let high = 0;
  for (let index = from; index < to; index += 1) high += (bytes[index] as number) >> 7;
  return high;
}

export function isZeroBlock(bytes: Uint8Array, at: number): boolean {
  return isZero(bytes, at, at + BLOCK);
}

function isZero(bytes: Uint8Array, from: number, to: number): boolean {
  for (let index = from; index < to; index += 1) if (bytes[index] !== 0) return false;
  return true;
}

/** Reads the block at `at`; refuses what Go refuses, and what other readers take for something else. */
export function parseTarHeader(bytes: Uint8Array, at: number): TarHeader | Fault {
  const checksum = checksumOf(bytes, at);
  if (checksum === "wrong") return malformed("a header's checksum is wrong");
  if (checksum === "signed") return ambiguous("a header's checksum holds only for signed bytes");
  const format = formatOf(bytes, at);
  const prefix = prefixOf(bytes, at, format);
  if (typeof prefix !== "string") return prefix;
  const numbers = numbersOf(bytes, at, format);
  if (numbers === undefined) return malformed("a header's number cannot be read");
  // C readers stop at a leading NUL and see 0 where Go trims it and reads on: the next header would be elsewhere.
  if (numbers.size !== 0 && bytes[at + 124] === 0) return ambiguous("a header's size begins with NUL");
  if (numbers.size < 0) return malformed("a header's size is negative");
  const name = cString(bytes, at, 100);
  return {
    kind: "header",
    type: String.fromCharCode(bytes[at + 156] ?? 0),
    name: prefix === "" ? name : `${prefix}/${name}`,
    link: cString(bytes, at + 157, 100),
    ...numbers,
  };
}

function formatOf(bytes: Uint8Array, at: number): Format {
  if (isText(bytes, at + MAGIC_AT, "ustar\0")) return isText(bytes, at + 508, "tar\0") ? "star" : "ustar";
  return isText(bytes, at + MAGIC_AT, "ustar  \0") ? "gnu" : "v7";
}

function isText(bytes: Uint8Array, at: number, text: string): boolean {
  for (let index = 0; index < text.length; index += 1) {
    if (bytes[at + index] !== text.charCodeAt(index)) return false;
  }
  return true;
}

/** The name's first part. Where the same bytes mean something else to another reader, none. */
function prefixOf(bytes: Uint8Array, at: number, format: Format): string | Fault {
  switch (format) {
    case "ustar":
      return cString(bytes, at + PREFIX_AT, 155);
    case "star":
      // Its prefix has 131 bytes; a reader that takes it for ustar reads on unless a NUL ends it.
      return isZero(bytes, at + PREFIX_AT + 130, at + PREFIX_AT + 131) && starTimes(bytes, at)
        ? cString(bytes, at + PREFIX_AT, 131)
        : ambiguous("a star header's prefix or times can be read in two ways");
    case "gnu":
      return gnuTimes(bytes, at) && isZero(bytes, at + 369, at + 500)
        ? ""
        : ambiguous("a GNU header has something where others have the name's prefix");
    case "v7":
      return isZero(bytes, at + MAGIC_AT, at + BLOCK)
        ? ""
        : ambiguous("a header without a known magic has more than the fields of version 7");
  }
}

function starTimes(bytes: Uint8Array, at: number): boolean {
  return parseNumeric(bytes, at + 476, 12) !== undefined && parseNumeric(bytes, at + 488, 12) !== undefined;
}

function gnuTimes(bytes: Uint8Array, at: number): boolean {
  return [345, 357].every((field) =>
    bytes[at + field] === 0
      ? isZero(bytes, at + field, at + field + 12)
      : parseNumeric(bytes, at + field, 12) !== undefined,
  );
}

type Numbers = Pick<TarHeader, "mode" | "uid" | "gid" | "size" | "device">;

function numbersOf(bytes: Uint8Array, at: number, format: Format): Numbers | undefined {
  const mode = parseNumeric(bytes, at + 100, 8);
  const uid = parseNumeric(bytes, at + 108, 8);
  const gid = parseNumeric(bytes, at + 116, 8);
  const size = parseNumeric(bytes, at + 124, 12);
  const time = parseNumeric(bytes, at + 136, 12);
  if (mode === undefined || uid === undefined || gid === undefined || size === undefined || time === undefined) {
    return undefined;
  }
  if (format === "v7") return { mode, uid, gid, size, device: "0:0" };
  const major = parseNumeric(bytes, at + 329, 8);
  const minor = parseNumeric(bytes, at + 337, 8);
  return major === undefined || minor === undefined ? undefined : { mode, uid, gid, size, device: `${major}:${minor}` };
}
