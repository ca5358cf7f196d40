import type { Digest } from "../domain/digest.ts";
import {
  HEAD_BYTES,
  type Anomaly,
  type EntryKind,
  type LayerEntry,
  type LayerFacts,
  type Whiteout,
} from "../domain/layer-facts.ts";

import { isSharedLibraryName } from "./executables.ts";
import { ambiguous, fault, quoted, type Fault } from "./fault.ts";
import { bodyLimit, isKept } from "./kept-entries.ts";
import { latin1 } from "./latin1.ts";
import { MAX_ANOMALIES, MAX_BODIES, MAX_KEPT_ENTRIES, MAX_KEPT_TEXT, MAX_PATH, MAX_WHITEOUTS } from "./layer-limits.ts";
import { cleanPath, isWithin, parentOf, type CleanPath } from "./layer-path.ts";
import type { TarEntry } from "./tar-entry.ts";
import type { TarSink } from "./tar-walk.ts";

/** Raised when the same bytes could bring other facts: stored facts of an older version are read again. */
export const EXTRACTOR_VERSION = 3;

const WHITEOUT = ".wh.";
const OPAQUE = ".wh..wh..opq";
const AUFS = ".wh..wh.";

/** What the codec and the hashes say of a layer; the collector knows the rest. */
export type LayerFrame = Pick<LayerFacts, "diffId" | "packing" | "compressedBytes" | "uncompressedBytes"> & {
  readonly diffId: Digest;
  readonly entryCount: number;
};

/** Keeps what questions about content need and counts the rest. */
export class LayerCollector implements TarSink {
  readonly #entries: LayerEntry[] = [];
  /** Latest kept record of each path, so that whatever replaces it is kept too. */
  readonly #kept = new Set<string>();
  readonly #whiteouts: Whiteout[] = [];
  readonly #bodies = new Map<string, string>();
  readonly #anomalies: Anomaly[] = [];
  readonly #kinds: Record<EntryKind, number> = {
    file: 0,
    directory: 0,
    symlink: 0,
    hardlink: 0,
    character: 0,
    block: 0,
    fifo: 0,
  };
  /** Directories not kept so far that the entry being read may stand in. */
  #ancestors: LayerEntry[] = [];
  #fileBytes = 0;
  #sharedLibraries = 0;
  #manuals = 0;
  #text = 0;
  #bodyBytes = 0;
  #open: { readonly entry: LayerEntry; readonly whole: boolean; readonly parts: string[] } | undefined;

  entry(entry: TarEntry): number | Fault {
    this.#settle();
    const path = cleanPath(entry.name);
    if (path.kind === "fault") return path;
    // symlink(2) and link(2) refuse it.
    if (entry.link.length > MAX_PATH)
      return fault("limit", `a link of ${entry.link.length} bytes: ${quoted(path.path)}`);
    if (path.escapes) this.oddity("path-traversal-name", entry.name);
    this.#count(entry, path);
    if (path.path === "")
      return entry.kind === "directory" ? this.#keep(entry, path) : ambiguous(`the root is a ${entry.kind}`);
    if (path.base.startsWith(WHITEOUT)) return this.#whiteout(path);
    if (isKept(entry, path) || this.#kept.has(path.path)) return this.#keep(entry, path);
    if (entry.kind === "directory") this.#remember(recordOf(entry, path.path));
    return 0;
  }

  body(bytes: Uint8Array): void {
    this.#open?.parts.push(latin1(bytes, 0, bytes.length));
  }

  oddity(code: string, path: string): void {
    if (this.#anomalies.length < MAX_ANOMALIES) this.#anomalies.push({ code, path: path.slice(0, 256) });
  }

  /** The facts, once the archive has ended well. */
  finish(frame: LayerFrame): LayerFacts {
    this.#settle();
    return {
      ...frame,
      tally: {
        kinds: { ...this.#kinds },
        fileBytes: this.#fileBytes,
        sharedLibraries: this.#sharedLibraries,
        manuals: this.#manuals,
      },
      entries: this.#entries,
      whiteouts: this.#whiteouts,
      bodies: Object.fromEntries(this.#bodies),
      counts: {},
      finds: [],
      anomalies: this.#anomalies,
    };
  }

  #count(entry: TarEntry, path: CleanPath): void {
    this.#kinds[entry.kind] += 1;
    if (entry.kind !== "file") return;
    this.#fileBytes += entry.size;
    if (path.base.includes(".so") && isSharedLibraryName(path.base)) this.#sharedLibraries += 1;
    if (path.path.startsWith("usr/share/man/") || path.path.startsWith("usr/share/doc/")) this.#manuals += 1;
  }

  #whiteout(path: CleanPath): number | Fault {
    if (this.#whiteouts.length >= MAX_WHITEOUTS) return fault("limit", `more than ${MAX_WHITEOUTS} whiteouts`);
    const folder = parentOf(path.path);
    const after = this.#entries.length;
    if (path.base === OPAQUE) {
      this.#whiteouts.push({ path: folder, kind: "opaque", after });
      return 0;
    }
    const hidden = path.base.slice(WHITEOUT.length);
    // containerd's validateWhiteout: these name the directory itself or its parent.
    if (hidden === "" || hidden === "." || hidden === "..")
      return ambiguous(`the whiteout ${quoted(path.path)} names no file`);
    if (path.base.startsWith(AUFS)) this.oddity("aufs-metadata", path.path);
    this.#whiteouts.push({ path: folder === "" ? hidden : `${folder}/${hidden}`, kind: "path", after });
    return this.#spend(path.path.length) ?? 0;
  }

  #keep(entry: TarEntry, path: CleanPath): number | Fault {
    for (const ancestor of this.#ancestorsOf(path.path)) this.#push(ancestor);
    this.#ancestors = [];
    const record = recordOf(entry, path.path);
    if (this.#kept.has(path.path) && entry.kind !== "directory") this.oddity("duplicate-entry", path.path);
    this.#push(record);
    this.#bodies.delete(path.path);
    if (this.#entries.length > MAX_KEPT_ENTRIES)
      return fault("limit", `more than ${MAX_KEPT_ENTRIES} entries of interest`);
    return this.#spend(0) ?? this.#want(record, path);
  }

  #push(record: LayerEntry): void {
    this.#entries.push(record);
    this.#kept.add(record.path);
    this.#text += record.path.length + record.link.length + record.capability.length;
  }

  #spend(characters: number): Fault | undefined {
    this.#text += characters;
    return this.#text > MAX_KEPT_TEXT
      ? fault("limit", `more than ${MAX_KEPT_TEXT} bytes of names of interest`)
      : undefined;
  }

  #want(record: LayerEntry, path: CleanPath): number {
    if (record.kind !== "file") return 0;
    const whole = record.size <= bodyLimit(path) && this.#bodyBytes + record.size <= MAX_BODIES;
    if (whole) this.#bodyBytes += record.size;
    this.#open = { entry: record, whole, parts: [] };
    return whole ? record.size : Math.min(record.size, HEAD_BYTES);
  }

  /** Puts what was read of the last file where it belongs. */
  #settle(): void {
    const open = this.#open;
    if (open === undefined) return;
    this.#open = undefined;
    const text = open.parts.join("");
    this.#entries[this.#entries.length - 1] = { ...open.entry, head: text.slice(0, HEAD_BYTES) };
    if (open.whole) this.#bodies.set(open.entry.path, text);
  }

  #remember(directory: LayerEntry): void {
    this.#ancestors = [...this.#ancestorsOf(directory.path), directory];
  }

  #ancestorsOf(path: string): readonly LayerEntry[] {
    return this.#ancestors.filter((directory) => directory.path !== path && isWithin(path, directory.path));
  }
}

function recordOf(entry: TarEntry, path: string): LayerEntry {
  return {
    path,
    kind: entry.kind,
    mode: entry.mode,
    uid: entry.uid,
    gid: entry.gid,
    size: entry.size,
    link: entry.link,
    head: "",
    capability: entry.capability,
    device: entry.device,
    nature: "",
  };
}
