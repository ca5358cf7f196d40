import type { EntryKind } from "../domain/layer-facts.ts";

import { ambiguous, quoted, type Fault } from "./fault.ts";
import { hexOfLatin1 } from "./latin1.ts";
import type { PaxRecords } from "./pax-records.ts";
import { paxNumber, refuseExtension, type Extension } from "./tar-extension.ts";
import type { TarHeader } from "./tar-header.ts";

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

const NO_RECORDS: PaxRecords = new Map();
const MAX_OCTAL_SIZE = 8 ** 11 - 1;

const KIND: ReadonlyMap<string, EntryKind> = new Map([
  ["\0", "file"],
  ["0", "file"],
  ["1", "hardlink"],
  ["2", "symlink"],
  ["3", "character"],
  ["4", "block"],
  ["5", "directory"],
  ["6", "fifo"],
]);

/** Puts header and extension together (Go `next`, `mergePAX`), refusing what readers are known to read differently. */
export function assembleEntry(header: TarHeader, extension: Extension): TarEntry | Fault {
  const pax = extension.pax ?? NO_RECORDS;
  const refusal = refuseExtension(extension, pax);
  if (refusal !== undefined) return refusal;
  const name = (extension.longName ?? pax.get("path")) || header.name;
  const kind = kindOf(header.type, name);
  if (typeof kind !== "string") return kind;
  const size = paxNumber(pax, "size") ?? header.size;
  const mistake = refuseShape(header, { name, kind, size });
  if (mistake !== undefined) return mistake;
  return {
    kind,
    name,
    link: linkOf(kind, header, extension, pax),
    mode: lowTwelveBits(header.mode),
    uid: kernelId(paxNumber(pax, "uid") ?? header.uid),
    gid: kernelId(paxNumber(pax, "gid") ?? header.gid),
    size,
    device: kind === "character" || kind === "block" ? header.device : "",
    capability: hexOfLatin1(pax.get("SCHILY.xattr.security.capability") ?? ""),
  };
}

function kindOf(type: string, name: string): EntryKind | Fault {
  if (type === "S") return ambiguous(`${quoted(name)} is sparse`);
  // Version 7 archives mark a directory by the name's last slash alone (Go, TypeRegA).
  if (type === "\0" && name.endsWith("/")) return "directory";
  return KIND.get(type) ?? ambiguous(`${quoted(name)} is of the unknown type ${quoted(type)}`);
}

function linkOf(kind: EntryKind, header: TarHeader, extension: Extension, pax: PaxRecords): string {
  if (kind !== "symlink" && kind !== "hardlink") return "";
  return (extension.longLink ?? pax.get("linkpath")) || header.link;
}

function refuseShape(header: TarHeader, entry: Pick<TarEntry, "name" | "kind" | "size">): Fault | undefined {
  const { kind, name, size } = entry;
  if (name === "") return ambiguous("an entry has no name");
  // Writers need a PAX size only beyond the field's eleven octal digits; readers disagree which counts (CVE-2025-62518).
  if (size !== header.size && size <= MAX_OCTAL_SIZE) return ambiguous(`${quoted(name)} has two sizes`);
  // Go skips no payload after a link, device or directory whatever its size says; others do (reference: inspection, 1.6).
  if (kind !== "file" && size !== 0) return ambiguous(`${quoted(name)} is not a regular file and yet has a size`);
  // A regular file to Go; a directory to GNU tar.
  if (kind === "file" && name.endsWith("/")) return ambiguous(`${quoted(name)} is a regular file named as a directory`);
  return undefined;
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
