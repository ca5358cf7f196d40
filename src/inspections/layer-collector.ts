import type { Digest } from "../domain/digest.ts";
import type { Anomaly, EntryKind, LayerEntry, LayerFacts, Whiteout } from "../domain/layer-facts.ts";

import { plainSearch } from "./byte-search.ts";
import { bytesWanted, EntryBody, isDull, type EntryReading } from "./entry-body.ts";
import { isSharedLibraryName } from "./executables.ts";
import { ambiguous, fault, quoted, type Fault } from "./fault.ts";
import { bodyLimit, databaseLimit, isKept } from "./kept-entries.ts";
import { latin1 } from "./latin1.ts";
import { MAX_ANOMALIES, MAX_BODIES, MAX_KEPT_ENTRIES, MAX_KEPT_TEXT, MAX_PATH, MAX_WHITEOUTS } from "./layer-limits.ts";
import { FindList } from "./find-list.ts";
import { cleanPath, isWithin, parentOf, type CleanPath } from "./layer-path.ts";
import { countPackagesIn, type ContentTools } from "./package-count.ts";
import { withoutPasswords } from "./password-fields.ts";
import type { TarEntry } from "./tar-entry.ts";
import type { TarSink } from "./tar-walk.ts";

/** Raised when the same bytes could bring other facts: stored facts of an older version are read again. */
export const EXTRACTOR_VERSION = 5;

const WHITEOUT = ".wh.";
const OPAQUE = ".wh..wh..opq";
const AUFS = ".wh..wh.";

/** What the codec and the hashes say of a layer; the collector knows the rest. */
export type LayerFrame = Pick<LayerFacts, "diffId" | "packing" | "compressedBytes" | "uncompressedBytes"> & {
  readonly diffId: Digest;
  readonly entryCount: number;
};

/** Right, and slow; what zstd packed stays closed. */
const PLAIN_TOOLS: ContentTools = { search: plainSearch, unzstd: () => undefined };

const ANY_EXECUTE = 0o111;

/** A regular file whose content is being read. */
type OpenFile = {
  readonly entry: TarEntry;
  readonly path: CleanPath;
  /** Its place among the kept entries; absent as long as only its content could make it worth keeping. */
  readonly index: number | undefined;
  readonly use: "text" | "database" | "none";
  readonly wholeUpTo: number;
  /** Absent until there is something to read, and for ever where that is dull. */
  body: EntryBody | undefined;
};

/** Keeps what questions about content need and counts the rest. */
export class LayerCollector implements TarSink {
  readonly #tools: ContentTools;
  readonly #entries: LayerEntry[] = [];
  /** Latest kept record of each path, so that whatever replaces it is kept too. */
  readonly #kept = new Set<string>();
  readonly #whiteouts: Whiteout[] = [];
  readonly #bodies = new Map<string, string>();
  readonly #counts = new Map<string, number>();
  readonly #finds = new FindList();
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
  /** Links of this layer by path, through which the same place has several names. */
  readonly #links = new Set<string>();
  #keepsAll = false;
  /** Directories not kept so far that the entry being read may stand in. */
  #ancestors: LayerEntry[] = [];
  #fileBytes = 0;
  #sharedLibraries = 0;
  #manuals = 0;
  #text = 0;
  #bodyBytes = 0;
  #open: OpenFile | undefined;

  constructor(tools: ContentTools = PLAIN_TOOLS) {
    this.#tools = tools;
  }

  entry(entry: TarEntry): number | Fault {
    const settled = this.#settle();
    if (settled !== undefined) return settled;
    const path = cleanPath(entry.name);
    if (path.kind === "fault") return path;
    // symlink(2) and link(2) refuse it.
    if (entry.link.length > MAX_PATH)
      return fault("limit", `a link of ${entry.link.length} bytes: ${quoted(path.path)}`);
    if (path.escapes) this.oddity("path-traversal-name", entry.name);
    this.#count(entry, path);
    if (path.path === "")
      return entry.kind === "directory"
        ? (this.#keep(recordOf(entry, "")) ?? 0)
        : ambiguous(`the root is a ${entry.kind}`);
    return path.base.startsWith(WHITEOUT) ? this.#whiteout(path) : this.#take(entry, path);
  }

  body(bytes: Uint8Array): void {
    const open = this.#open;
    if (open === undefined) return;
    if (open.body !== undefined) open.body.push(bytes);
    else if (isDull(bytes)) this.#open = undefined;
    else {
      open.body = this.#reader(open);
      open.body.push(bytes);
    }
  }

  oddity(code: string, path: string): void {
    if (this.#anomalies.length < MAX_ANOMALIES) this.#anomalies.push({ code, path: path.slice(0, 256) });
  }

  /** The facts, once the archive has ended well; its last entry may still be one too many. */
  finish(frame: LayerFrame): LayerFacts | Fault {
    const settled = this.#settle();
    if (settled !== undefined) return settled;
    for (const kind of this.#finds.cut) this.#anomalies.push({ code: "finds-cut", path: kind });
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
      counts: Object.fromEntries(this.#counts),
      finds: this.#finds.all,
      anomalies: this.#anomalies,
    };
  }

  #take(entry: TarEntry, path: CleanPath): number | Fault {
    const isThroughLink = this.#isThroughLink(path.path);
    if (entry.kind === "symlink" || entry.kind === "hardlink") {
      // Where it really stands has another name, under which anything may take its place afterwards.
      if (isThroughLink) this.#keepsAll = true;
      this.#links.add(path.path);
    }
    const isFound = this.#finds.look(path, entry.kind);
    // Under its other name it may take the place of what is kept, as the same name would.
    const keep = isFound || isThroughLink || this.#keepsAll || isKept(entry, path) || this.#kept.has(path.path);
    if (keep) {
      const refused = this.#keep(recordOf(entry, path.path));
      if (refused !== undefined) return refused;
    } else if (entry.kind === "directory") this.#remember(recordOf(entry, path.path));
    return entry.kind === "file" ? this.#read(entry, path, keep) : 0;
  }

  #isThroughLink(path: string): boolean {
    if (this.#links.size === 0) return false;
    for (let at = parentOf(path); at !== ""; at = parentOf(at)) if (this.#links.has(at)) return true;
    return false;
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

  #keep(record: LayerEntry): Fault | undefined {
    for (const ancestor of this.#ancestorsOf(record.path)) this.#push(ancestor);
    this.#ancestors = [];
    if (this.#kept.has(record.path) && record.kind !== "directory") this.oddity("duplicate-entry", record.path);
    // Content is kept by name, and both entries may be reached in the end: the first through a link made between.
    if (this.#bodies.has(record.path) || this.#counts.has(record.path))
      return ambiguous(`${quoted(record.path)} is there twice, and its content decides`);
    this.#push(record);
    if (this.#entries.length > MAX_KEPT_ENTRIES)
      return fault("limit", `more than ${MAX_KEPT_ENTRIES} entries of interest`);
    return this.#spend(0);
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

  /** How much of a file is read. Of every file a little: what it is does not go by its name. */
  #read(entry: TarEntry, path: CleanPath, isKept: boolean): number {
    const database = databaseLimit(path);
    const text = this.#bodyBytes + entry.size <= MAX_BODIES ? bodyLimit(path) : 0;
    const use = database > 0 ? "database" : text > 0 ? "text" : "none";
    const wholeUpTo = Math.max(database, text);
    if (use === "text" && entry.size <= text) this.#bodyBytes += entry.size;
    const index = isKept ? this.#entries.length - 1 : undefined;
    const open: OpenFile = { entry, path, index, use, wholeUpTo, body: undefined };
    if (isKept) open.body = this.#reader(open);
    this.#open = open;
    return bytesWanted(entry.size, wholeUpTo);
  }

  #reader({ entry, wholeUpTo }: OpenFile): EntryBody {
    const isExecutable = (entry.mode & ANY_EXECUTE) !== 0;
    return new EntryBody(this.#tools.search, { size: entry.size, isExecutable, wholeUpTo });
  }

  /** Puts what was read of the last file where it belongs. */
  #settle(): Fault | undefined {
    const open = this.#open;
    this.#open = undefined;
    if (open?.body === undefined) return undefined;
    const reading = open.body.finish();
    const { head, nature, secret } = reading;
    const { path } = open.path;
    const isFound = secret !== "" && this.#finds.add({ kind: "secret", path, why: secret });
    if (open.index === undefined && nature === "" && !isFound) return undefined;
    const record = { ...recordOf(open.entry, path), head, nature };
    if (open.index !== undefined) this.#entries[open.index] = record;
    const refused = open.index === undefined ? this.#keep(record) : undefined;
    if (refused === undefined) this.#store(open, reading);
    return refused;
  }

  #store({ path, use }: OpenFile, { whole }: EntryReading): void {
    if (whole === undefined) return;
    if (use === "text") {
      const text = withoutPasswords(path.path, path.base, latin1(whole, 0, whole.length));
      this.#bodies.set(path.path, text);
    } else if (use === "database") {
      const count = countPackagesIn(path.path, whole, this.#tools);
      if (typeof count === "number") this.#counts.set(path.path, count);
      else if (count === "malformed") this.oddity("malformed-package-database", path.path);
    }
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
