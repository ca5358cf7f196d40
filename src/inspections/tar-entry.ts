import type { EntryKind } from "../domain/layer-facts.ts";

import { ambiguous, fault, malformed, quoted, type Fault } from "./fault.ts";
import { hexOfLatin1 } from "./latin1.ts";
import { MAX_XATTR } from "./layer-limits.ts";
import type { PaxRecords } from "./pax-records.ts";
import type { TarHeader } from "./tar-header.ts";
import { isPaxTime, parseDecimal } from "./tar-numbers.ts";

/** One file-system entry of a tar, extensions applied, as Go's `archive/tar` hands it to a runtime. */
export type TarEntry = {
  readonly kind: EntryKind;
  /** As spelled, uncleaned, one character a byte. */
  readonly name: string;
  readonly link: string;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Bytes of payload that follow. */
  readonly size: number;
  readonly device: string;
  readonly capability: string;
};

/** What came before a header to amend it: PAX `x`, GNU `L` and `K`. */
export type Extension = {
  readonly pax: PaxRecords | undefined;
  readonly longName: string | undefined;
  readonly longLink: string | undefined;
};

export const NO_EXTENSION: Extension = { pax: undefined, longName: undefined, longLink: undefined };

const NO_RECORDS: PaxRecords = new Map();
const MAX_OCTAL_SIZE = 8 ** 11 - 1;

const KIND: Readonly<Record<string, EntryKind>> = {
  "\0": "file",
  "0": "file",
  "1": "hardlink",
  "2": "symlink",
  "3": "character",
  "4": "block",
  "5": "directory",
  "6": "fifo",
};

/** Puts header and extension together (Go `next`, `mergePAX`), refusing what readers are known to read differently. */
export function assembleEntry(header: TarHeader, extension: Extension): TarEntry | Fault {
  const pax = extension.pax ?? NO_RECORDS;
  const refusal = refusePax(pax, extension);
  if (refusal !== undefined) return refusal;
  const name = (extension.longName ?? pax.get("path")) || header.name;
  const size = paxNumber(pax, "size") ?? header.size;
  // Writers need a PAX size only beyond the field's eleven octal digits; readers disagree which counts (CVE-2025-62518).
  if (size !== header.size && size <= MAX_OCTAL_SIZE) return ambiguous(`${quoted(name)} has two sizes`);
  const mistake = refuseShape(header.type, name, size);
  if (mistake !== undefined) return mistake;
  // Version 7 archives mark a directory by the name's last slash alone (Go, TypeRegA).
  const kind = header.type === "\0" && name.endsWith("/") ? "directory" : (KIND[header.type] ?? "file");
  return {
    kind,
    name,
    link: isLink(kind) ? (extension.longLink ?? pax.get("linkpath")) || header.link : "",
    mode: lowTwelveBits(header.mode),
    uid: kernelId(paxNumber(pax, "uid") ?? header.uid),
    gid: kernelId(paxNumber(pax, "gid") ?? header.gid),
    size,
    device: kind === "character" || kind === "block" ? header.device : "",
    capability: hexOfLatin1(pax.get("SCHILY.xattr.security.capability") ?? ""),
  };
}

function isLink(kind: EntryKind): boolean {
  return kind === "symlink" || kind === "hardlink";
}

const NUMBERS = ["uid", "gid", "size"] as const;
const TIMES = ["atime", "mtime", "ctime"] as const;
const OVERLAY_XATTR = /^SCHILY\.xattr\.(?:user|trusted)\.overlay\./;

function refusePax(pax: PaxRecords, extension: Extension): Fault | undefined {
  if (extension.longName !== undefined && pax.has("path"))
    return ambiguous("an entry has both a GNU long name and a PAX path");
  if (extension.longLink !== undefined && pax.has("linkpath")) {
    return ambiguous("an entry has both a GNU long link and a PAX linkpath");
  }
  // A PAX size was taken for the long name's own (CVE-2026-53655).
  if (pax.has("size") && (extension.longName ?? extension.longLink) !== undefined) {
    return ambiguous("an entry has both a GNU long name and a PAX size");
  }
  for (const key of NUMBERS) {
    const text = pax.get(key) ?? "";
    if (text !== "" && parseDecimal(text) === undefined) return malformed(`the PAX ${key} is not a number`);
  }
  if (!/^[0-9]*$/.test(pax.get("size") ?? "")) return ambiguous("the PAX size has a sign");
  for (const key of TIMES) {
    const text = pax.get(key) ?? "";
    if (text !== "" && !isPaxTime(text)) return malformed(`the PAX ${key} is not a time`);
  }
  return refuseKeys(pax);
}

function refuseKeys(pax: PaxRecords): Fault | undefined {
  for (const [key, value] of pax) {
    if (key.startsWith("GNU.sparse.")) return ambiguous("an entry is sparse");
    // containerd drops trusted.* where Docker sets it, and with it whole directories appear or vanish under overlayfs.
    if (OVERLAY_XATTR.test(key)) return ambiguous(`an entry has the overlay attribute ${quoted(key)}`);
    if (key.startsWith("SCHILY.xattr.") && value.length > MAX_XATTR)
      return fault("limit", `${quoted(key)} is too large`);
  }
  return undefined;
}

function refuseShape(type: string, name: string, size: number): Fault | undefined {
  if (type === "S") return ambiguous(`${quoted(name)} is sparse`);
  if (!Object.hasOwn(KIND, type)) return ambiguous(`${quoted(name)} is of the unknown type ${quoted(type)}`);
  if (name === "") return ambiguous("an entry has no name");
  const isFile = type === "0" || (type === "\0" && !name.endsWith("/"));
  // Go skips no payload after a link, device or directory whatever its size says; others do (reference: inspection, 1.6).
  if (!isFile && size !== 0) return ambiguous(`${quoted(name)} is not a regular file and yet has a size`);
  // A regular file to Go; a directory to GNU tar.
  if (type === "0" && name.endsWith("/")) return ambiguous(`${quoted(name)} is a regular file named as a directory`);
  return undefined;
}

function paxNumber(pax: PaxRecords, key: (typeof NUMBERS)[number]): number | undefined {
  const text = pax.get(key) ?? "";
  return text === "" ? undefined : parseDecimal(text);
}

function lowTwelveBits(mode: number): number {
  return ((mode % 0x1000) + 0x1000) % 0x1000;
}

const ID_RANGE = 2 ** 32;

/** chown(2) takes 32 bits, and -1 for "leave as it is", which for a new file is root. */
function kernelId(id: number): number {
  const low = ((id % ID_RANGE) + ID_RANGE) % ID_RANGE;
  return low === ID_RANGE - 1 ? 0 : low;
}

/** Keys of a global header that some readers apply to every later entry and Go to none. */
const GLOBAL_HARM = /^(?:path|linkpath|size|uid|gid|uname|gname|hdrcharset|GNU\.|SCHILY\.|LIBARCHIVE\.)/;
/** containerd removes what stands under the name of a global header, so only the names that real writers use may pass. */
const GLOBAL_NAME = /^(?:\.?\/)*(?:tmp\/)?(?:pax_global_header|GlobalHead\.[0-9]+\.[0-9]+)$/;

/** A PAX `g` header: ignored by Go, and harmless only if nobody else could make something of it. */
export function refuseGlobal(header: TarHeader, pax: PaxRecords): Fault | undefined {
  const harmful = [...pax.keys()].find((key) => GLOBAL_HARM.test(key));
  if (harmful !== undefined) return ambiguous(`a global PAX header sets ${quoted(harmful)}`);
  return GLOBAL_NAME.test(header.name) ? undefined : ambiguous(`a global PAX header is named ${quoted(header.name)}`);
}
