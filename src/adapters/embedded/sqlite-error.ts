import { PortError } from "../../domain/errors.ts";

/** SQLite's primary result codes that an operator can do something about (sqlite.org/rescode.html). */
const BUSY = 5;
const READONLY = 8;
const IOERR = 10;
const CORRUPT = 11;
const FULL = 13;
const CANTOPEN = 14;
const NOTADB = 26;

const EXPLAINED: ReadonlyMap<number, string> = new Map([
  [BUSY, "is in use by another process: stop that one, or give this one a file of its own"],
  [READONLY, "cannot be written: check the file's owner and whether its file system is mounted read-only"],
  [IOERR, "cannot be read or written: check the disk it is on"],
  [CORRUPT, "is damaged: stop, move the file away and start again; what was verified is then verified anew"],
  [FULL, "cannot grow: its disk is full, free some space"],
  [CANTOPEN, "cannot be opened: check that its folder exists and may be written"],
  [NOTADB, "is not a SQLite database: move the file away, or name another one"],
]);

/** The primary code of an error thrown by `node:sqlite`; its extended code carries it in the low byte. */
function codeOf(error: unknown): number | undefined {
  if (!(error instanceof Error) || !("errcode" in error) || typeof error.errcode !== "number") return undefined;
  return error.errcode & 0xff;
}

/** What SQLite refused, as the world not answering. Anything that is not SQLite's is ours and is passed on as it is. */
export function storeError(error: unknown, path: string): unknown {
  const code = codeOf(error);
  if (code === undefined) return error;
  const detail = EXPLAINED.get(code) ?? `SQLite error ${code}: ${error instanceof Error ? error.message : ""}`;
  return new PortError("store-unavailable", `the database ${path}`, detail, { cause: error });
}
