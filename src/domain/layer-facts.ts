import type { Digest } from "./digest.ts";

/** What one entry of a layer's tar is, after Go's `archive/tar` (the runtimes' reader). */
export type EntryKind = "file" | "directory" | "symlink" | "hardlink" | "character" | "block" | "fifo";

/** One entry kept because some question about content needs it. Paths are byte strings (latin1), relative to the root, cleaned. */
export type LayerEntry = {
  readonly path: string;
  readonly kind: EntryKind;
  /** The low twelve bits: permissions, sticky, setgid, setuid. */
  readonly mode: number;
  /** As the kernel takes it: modulo 2^32, and 0 where the archive says -1 ("leave unchanged"). */
  readonly uid: number;
  readonly gid: number;
  readonly size: number;
  /** Target of a link as the tar spells it; empty otherwise. */
  readonly link: string;
  /** First bytes of a regular file, latin1, at most `HEAD_BYTES`; empty otherwise. */
  readonly head: string;
  /** PAX `SCHILY.xattr.security.capability`, hexadecimal; empty otherwise. */
  readonly capability: string;
  /** `major:minor` of a device node; empty otherwise. 0:0 is a whiteout to overlayfs. */
  readonly device: string;
  /** What a program's own bytes say it is whatever its name, such as `shell:busybox`; empty for all else. */
  readonly nature: string;
};

/** Enough to tell ELF from script from text, and to read a script's interpreter line. */
export const HEAD_BYTES = 64;

/** `.wh.NAME` hides one lower path; `.wh..wh..opq` hides all lower children of its directory (image-spec, layer.md). */
export type Whiteout = {
  readonly path: string;
  readonly kind: "path" | "opaque";
  /** How many of the layer's kept entries came before it: links of the same layer decide where it lands. */
  readonly after: number;
};

/** Numbers about all entries, kept or not. */
export type LayerTally = {
  readonly kinds: Readonly<Record<EntryKind, number>>;
  /** Sum of the regular files' sizes. */
  readonly fileBytes: number;
  /** Regular files named as shared libraries (`libc.so.6`). */
  readonly sharedLibraries: number;
  /** Regular files under `usr/share/man` and `usr/share/doc`, which slim images leave out. */
  readonly manuals: number;
};

/** Everything Assay wants to know of one layer blob: a pure function of its bytes, kept for ever by blob digest and extractor version. */
export type LayerFacts = {
  readonly diffId: Digest;
  readonly packing: "tar" | "gzip" | "zstd";
  readonly compressedBytes: number;
  readonly uncompressedBytes: number;
  readonly entryCount: number;
  readonly tally: LayerTally;
  /** In the order of the archive, which decides where two of them meet. */
  readonly entries: readonly LayerEntry[];
  readonly whiteouts: readonly Whiteout[];
  /** Bodies of the few files that are read whole (passwd, group, os-release …), latin1, by path. */
  readonly bodies: Readonly<Record<string, string>>;
  /** Packages in databases that are no text, by path; one that could not be counted has no number. */
  readonly counts: Readonly<Record<string, number>>;
  readonly finds: readonly LayerFind[];
  /** Oddities that do not forbid a judgement but that people should see. */
  readonly anomalies: readonly Anomaly[];
};

/** A file that nobody wants in an image, hidden or not. Its content is never told. */
export type LayerFind = { readonly kind: "secret" | "clutter"; readonly path: string; readonly why: string };

export type Anomaly = { readonly code: string; readonly path: string };

/** Why a layer's content cannot be vouched for. A fact about the bytes, hence permanent: fetching again changes nothing. */
export type UninspectableReason =
  | "ambiguous-tar"
  | "malformed-tar"
  | "truncated"
  | "bomb"
  | "limit"
  | "corrupt-compression"
  | "unknown-media-type"
  | "encrypted"
  | "foreign";

export type LayerContent =
  | { readonly kind: "walked"; readonly facts: LayerFacts }
  | { readonly kind: "uninspectable"; readonly reason: UninspectableReason; readonly detail: string };
