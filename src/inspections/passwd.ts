import { parseGoInt } from "./go-number.ts";

/** One line of a user file as the runtimes read it. */
export type UserLine = {
  readonly name: string;
  readonly uid: bigint;
  readonly gid: bigint;
  /** The line lacks a number where one belongs; the runtimes take 0. */
  readonly malformed: boolean;
};

export type GroupLine = { readonly name: string; readonly gid: bigint };

/** The runtimes' scanner gives up on the whole file at a longer line (Go `bufio.MaxScanTokenSize`). */
const MAX_LINE = 65_535;
/** More than any real file has; the text is an attacker's. */
const MAX_LINES = 100_000;

/**
 * Reads `etc/passwd` as moby/sys/user does for Docker, CRI-O and containerd: no comments, short lines accepted, and what
 * is not a number is 0. `undefined` if that parser would fail, or the file has more lines than are looked at.
 */
export function parsePasswd(text: string): readonly UserLine[] | undefined {
  return linesOf(text)?.map((line) => {
    const [name = "", , uid = "", gid = ""] = line.split(":");
    const numbers = { uid: parseGoInt(uid), gid: parseGoInt(gid) };
    return { name, uid: numbers.uid ?? 0n, gid: numbers.gid ?? 0n, malformed: numbers.uid === undefined };
  });
}

/** Reads `etc/group`, where `#` begins a comment. */
export function parseGroup(text: string): readonly GroupLine[] | undefined {
  return linesOf(text)
    ?.filter((line) => !line.startsWith("#"))
    .map((line) => {
      const [name = "", , gid = ""] = line.split(":");
      return { name, gid: parseGoInt(gid) ?? 0n };
    });
}

function linesOf(text: string): readonly string[] | undefined {
  const lines = text.split("\n");
  if (lines.length > MAX_LINES || lines.some((line) => line.length > MAX_LINE)) return undefined;
  return lines.map(trimSpace).filter((line) => line !== "");
}

// U+0085 and U+00A0 are spaces to Go's bytes.TrimSpace; in UTF-8 they are two bytes, and U+2000 and its like three.
const GO_SPACE =
  "(?:[\\t\\n\\v\\f\\r ]|\\xc2[\\x85\\xa0]|\\xe1\\x9a\\x80|\\xe2\\x80[\\x80-\\x8a\\xa8\\xa9\\xaf]|\\xe2\\x81\\x9f|\\xe3\\x80\\x80)";
const LEADING = new RegExp(`^${GO_SPACE}+`);
const IS_SPACE = new RegExp(`^${GO_SPACE}$`);

/** Go's `bytes.TrimSpace` over UTF-8 bytes. */
function trimSpace(line: string): string {
  let text = line.replace(LEADING, "");
  // From the end by hand: a pattern bound to the end would look at every run of spaces in the line.
  for (let cut = trailingSpace(text); cut > 0; cut = trailingSpace(text)) text = text.slice(0, -cut);
  return text;
}

function trailingSpace(text: string): number {
  return [1, 2, 3].find((length) => length <= text.length && IS_SPACE.test(text.slice(-length))) ?? 0;
}
