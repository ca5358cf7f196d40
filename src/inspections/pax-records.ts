import { malformed, type Fault } from "./fault.ts";
import { latin1 } from "./latin1.ts";
import { parseDecimal } from "./tar-numbers.ts";

/** PAX records by key, latin1; of two with one key the last counts (POSIX pax, Go `parsePAX`). */
export type PaxRecords = ReadonlyMap<string, string>;

const MUST_NOT_HAVE_NUL: ReadonlySet<string> = new Set(["path", "linkpath", "uname", "gname"]);
/** No real archive has more in one header, and each costs a map entry. */
const MAX_RECORDS = 10_000;

/** `"%d %s=%s\n"` one after another, with nothing between or after (Go `parsePAXRecord`). */
export function parsePaxRecords(bytes: Uint8Array): PaxRecords | Fault {
  const records = new Map<string, string>();
  let at = 0;
  while (at < bytes.length) {
    const end = recordEnd(bytes, at);
    const record = end === undefined ? undefined : parseRecord(bytes, at, end);
    if (end === undefined || record === undefined) return malformed("a PAX header is not made of records");
    records.set(record.key, record.value);
    if (records.size > MAX_RECORDS) return malformed(`a PAX header has more than ${MAX_RECORDS} keys`);
    at = end;
  }
  return records;
}

/** Where the record that begins at `at` ends, by its own length. */
function recordEnd(bytes: Uint8Array, at: number): number | undefined {
  const space = bytes.indexOf(0x20, at);
  // A length of more than nine digits is beyond any header we would read.
  if (space < 0 || space - at > 20) return undefined;
  const length = parseDecimal(latin1(bytes, at, space));
  if (length === undefined || length < 5 || at + length > bytes.length || at + length <= space + 1) return undefined;
  return at + length;
}

function parseRecord(
  bytes: Uint8Array,
  at: number,
  end: number,
): { readonly key: string; readonly value: string } | undefined {
  const from = bytes.indexOf(0x20, at) + 1;
  const equals = bytes.indexOf(0x3d, from);
  if (bytes[end - 1] !== 0x0a || equals <= from || equals >= end - 1) return undefined;
  const key = latin1(bytes, from, equals);
  const value = latin1(bytes, equals + 1, end - 1);
  const text = MUST_NOT_HAVE_NUL.has(key) ? value : key;
  return text.includes("\0") ? undefined : { key, value };
}
