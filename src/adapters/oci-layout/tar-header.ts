import { PortError } from "../../domain/errors.ts";

/** One header block of a tar archive (POSIX.1-2001 pax, "ustar Interchange Format"). */
export type TarHeader = { readonly name: string; readonly size: number; readonly type: string };

export const BLOCK = 512;

/** `undefined` for the block of zeros that ends an archive. Throws `PortError` for anything that is no ustar header. */
export function parseTarHeader(block: Buffer, what: string): TarHeader | undefined {
  if (block.every((byte) => byte === 0)) return undefined;
  if (!isSummed(block))
    throw new PortError("malformed", what, "it is no tar archive: decompress it first if it is compressed");
  const ustar = block.toString("latin1", 257, 263) === "ustar\0";
  const prefix = ustar ? textAt(block, 345, 155) : "";
  const name = textAt(block, 0, 100);
  return {
    name: prefix === "" ? name : `${prefix}/${name}`,
    size: octalAt(block, 124, 12, what),
    type: block.toString("latin1", 156, 157),
  };
}

/** The sum of all bytes with the checksum's own field taken as spaces. */
function isSummed(block: Buffer): boolean {
  const stated = Number.parseInt(
    block
      .toString("latin1", 148, 156)
      .replaceAll(/[\0 ]+$/g, "")
      .trim(),
    8,
  );
  let sum = 8 * 0x20;
  for (const [at, byte] of block.entries()) if (at < 148 || at >= 156) sum += byte;
  return sum === stated;
}

function textAt(block: Buffer, start: number, length: number): string {
  const field = block.subarray(start, start + length);
  const end = field.indexOf(0);
  return field.toString("utf8", 0, end === -1 ? length : end);
}

function octalAt(block: Buffer, start: number, length: number, what: string): number {
  const text = block
    .toString("latin1", start, start + length)
    .replaceAll(/[\0 ]+$/g, "")
    .trim();
  if (!/^[0-7]{1,12}$/.test(text)) throw new PortError("malformed", what, "an entry has a size that is not octal");
  return Number.parseInt(text, 8);
}

/** Records of a pax extended header: `<length> <key>=<value>\n`. Throws `PortError`. */
export function parsePax(bytes: Buffer, what: string): ReadonlyMap<string, string> {
  const records = new Map<string, string>();
  for (let at = 0; at < bytes.byteLength;) {
    const match = /^(\d{1,6}) ([^=]+)=/.exec(bytes.toString("utf8", at, Math.min(at + 256, bytes.byteLength)));
    const length = Number(match?.[1] ?? 0);
    const end = at + length;
    const [head = "", , key = ""] = match ?? [];
    if (length <= head.length || end > bytes.byteLength || bytes[end - 1] !== 0x0a || records.has(key)) {
      throw new PortError("malformed", what, "an extended header cannot be read");
    }
    records.set(key, bytes.toString("utf8", at + Buffer.byteLength(head), end - 1));
    at = end;
  }
  return records;
}
