import { ambiguous, fault, malformed, quoted, type Fault } from "./fault.ts";
import { latin1 } from "./latin1.ts";
import { MAX_ENTRIES, MAX_SPECIAL_BYTES, MAX_SPECIAL_TOTAL } from "./layer-limits.ts";
import { parsePaxRecords } from "./pax-records.ts";
import { assembleEntry, type TarEntry } from "./tar-entry.ts";
import { NO_EXTENSION, refuseGlobal, type Extension } from "./tar-extension.ts";
import { BLOCK, checksumOf, isZeroBlock, parseTarHeader, type TarHeader } from "./tar-header.ts";

/** Who is told what a tar holds, in the order of the archive. */
export interface TarSink {
  /** Says how many of the payload's first bytes are wanted, or why the archive is refused. */
  entry(entry: TarEntry): number | Fault;
  /** Wanted payload of the entry told last: parts of what was pushed, which nobody writes to any more. */
  body(bytes: Uint8Array): void;
  /** Something odd that readers agree upon. */
  oddity(code: string, path: string): void;
}

type Phase = "header" | "payload" | "special" | "padding" | "after-end";

/**
 * Walks a tar as it arrives, with the eyes of Go's `archive/tar`, which the runtimes unpack with. Where readers are known
 * to differ it refuses instead of choosing. Memory: one block, and at most one special payload of a mebibyte.
 */
export class TarWalk {
  readonly #sink: TarSink;
  readonly #block = new Uint8Array(BLOCK);
  #filled = 0;
  #phase: Phase = "header";
  /** Payload, then padding, still to come. */
  #remaining = 0;
  #padding = 0;
  #wanted = 0;
  #zeroBlocks = 0;
  #entries = 0;
  #special: { readonly header: TarHeader; readonly bytes: Uint8Array } | undefined;
  #specialTotal = 0;
  #extension: Extension = NO_EXTENSION;
  #dataAfterEnd = false;
  #fault: Fault | undefined;

  constructor(sink: TarSink) {
    this.#sink = sink;
  }

  /** Why the archive is refused; once set, nothing more is read. */
  get fault(): Fault | undefined {
    return this.#fault;
  }

  get entries(): number {
    return this.#entries;
  }

  /** The chunk is given away: payload is handed on without a copy, and read later. */
  push(chunk: Uint8Array): Fault | undefined {
    let at = 0;
    while (at < chunk.length && this.#fault === undefined) {
      const taken =
        this.#phase === "header" || this.#phase === "after-end"
          ? this.#takeBlock(chunk, at)
          : this.#takePayload(chunk, at);
      at += taken;
    }
    return this.#fault;
  }

  /** The stream is over: was the archive? */
  end(): Fault | undefined {
    this.#fault ??= this.#unfinished();
    if (this.#fault === undefined && this.#dataAfterEnd) this.#sink.oddity("data-after-end", "");
    if (this.#fault === undefined && this.#zeroBlocks < 2) this.#sink.oddity("no-end-marker", "");
    return this.#fault;
  }

  #unfinished(): Fault | undefined {
    if (this.#phase === "after-end") {
      this.#dataAfterEnd ||= !this.#block.subarray(0, this.#filled).every((byte) => byte === 0);
      return undefined;
    }
    if (this.#phase !== "header" || this.#filled > 0) return fault("truncated", "the archive ends inside an entry");
    return this.#extension === NO_EXTENSION ? undefined : ambiguous("the archive ends after an extension header");
  }

  #takeBlock(chunk: Uint8Array, at: number): number {
    const rest = chunk.length - at;
    if (this.#filled === 0 && rest >= BLOCK) {
      this.#readBlock(chunk, at);
      return BLOCK;
    }
    const taken = Math.min(BLOCK - this.#filled, rest);
    this.#block.set(chunk.subarray(at, at + taken), this.#filled);
    this.#filled += taken;
    if (this.#filled === BLOCK) {
      this.#filled = 0;
      this.#readBlock(this.#block, 0);
    }
    return taken;
  }

  #takePayload(chunk: Uint8Array, at: number): number {
    const taken = Math.min(this.#remaining, chunk.length - at);
    if (this.#phase === "special") {
      const special = this.#special;
      special?.bytes.set(chunk.subarray(at, at + taken), special.bytes.length - this.#remaining);
    } else if (this.#phase === "payload" && this.#wanted > 0) {
      const told = Math.min(this.#wanted, taken);
      this.#sink.body(chunk.subarray(at, at + told));
      this.#wanted -= told;
    }
    this.#remaining -= taken;
    if (this.#remaining === 0) this.#closePayload();
    return taken;
  }

  #closePayload(): void {
    if (this.#phase === "special" && this.#special !== undefined) {
      this.#fault = this.#readSpecial(this.#special.header, this.#special.bytes);
      this.#special = undefined;
    }
    if (this.#phase === "padding" || this.#padding === 0) this.#phase = "header";
    else {
      this.#phase = "padding";
      this.#remaining = this.#padding;
    }
  }

  #readBlock(bytes: Uint8Array, at: number): void {
    if (this.#phase === "after-end") this.#fault = this.#readAfterEnd(bytes, at);
    else if (bytes[at] === 0 && isZeroBlock(bytes, at)) this.#fault = this.#readZeroBlock();
    else if (this.#zeroBlocks > 0) this.#fault = ambiguous("a single zero block is followed by more");
    else this.#fault = this.#readHeader(bytes, at);
  }

  /** Go stops at the second zero block; readers that ignore zeros would find an entry here. */
  #readAfterEnd(bytes: Uint8Array, at: number): Fault | undefined {
    if (isZeroBlock(bytes, at)) return undefined;
    this.#dataAfterEnd = true;
    return checksumOf(bytes, at) === "wrong" ? undefined : ambiguous("an entry follows the end of the archive");
  }

  #readZeroBlock(): Fault | undefined {
    this.#zeroBlocks += 1;
    if (this.#zeroBlocks === 2) this.#phase = "after-end";
    return this.#extension === NO_EXTENSION ? undefined : ambiguous("the archive ends after an extension header");
  }

  #readHeader(bytes: Uint8Array, at: number): Fault | undefined {
    const header = parseTarHeader(bytes, at);
    if (header.kind === "fault") return header;
    return "xgLK".includes(header.type) ? this.#openSpecial(header) : this.#openEntry(header);
  }

  #openSpecial(header: TarHeader): Fault | undefined {
    if (header.size > MAX_SPECIAL_BYTES) return malformed(`an extension header of ${header.size} bytes`);
    this.#specialTotal += header.size;
    if (this.#specialTotal > MAX_SPECIAL_TOTAL)
      return fault("limit", `more than ${MAX_SPECIAL_TOTAL} bytes of extension headers`);
    this.#special = { header, bytes: new Uint8Array(header.size) };
    return this.#openPayload("special", header.size);
  }

  #openEntry(header: TarHeader): Fault | undefined {
    const entry = assembleEntry(header, this.#extension);
    if ("reason" in entry) return entry;
    this.#extension = NO_EXTENSION;
    this.#entries += 1;
    if (this.#entries > MAX_ENTRIES) return fault("limit", `more than ${MAX_ENTRIES} entries`);
    const wanted = this.#sink.entry(entry);
    if (typeof wanted !== "number") return wanted;
    this.#wanted = Math.min(wanted, entry.size);
    return this.#openPayload("payload", entry.size);
  }

  #openPayload(phase: Phase, size: number): undefined {
    this.#phase = phase;
    this.#remaining = size;
    this.#padding = (BLOCK - (size % BLOCK)) % BLOCK;
    if (size === 0) this.#closePayload();
  }

  /** Two of a kind before one entry are merged by some readers and replaced by others. */
  #readSpecial(header: TarHeader, bytes: Uint8Array): Fault | undefined {
    switch (header.type) {
      case "x":
        return this.#extension.pax === undefined ? this.#readPax(bytes) : ambiguous("an entry has two PAX headers");
      case "g":
        return this.#readGlobal(header, bytes);
      case "L":
        return this.#extension.longName === undefined
          ? this.#readLong("longName", bytes)
          : ambiguous("an entry has two GNU long names");
      default:
        return this.#extension.longLink === undefined
          ? this.#readLong("longLink", bytes)
          : ambiguous("an entry has two GNU long links");
    }
  }

  #readPax(bytes: Uint8Array): Fault | undefined {
    const pax = parsePaxRecords(bytes);
    if ("reason" in pax) return pax;
    this.#extension = { ...this.#extension, pax };
    return undefined;
  }

  #readGlobal(header: TarHeader, bytes: Uint8Array): Fault | undefined {
    if (this.#extension !== NO_EXTENSION)
      return ambiguous("a global PAX header stands between an extension and its entry");
    const pax = parsePaxRecords(bytes);
    if ("reason" in pax) return pax;
    this.#sink.oddity("global-pax-header", header.name);
    return refuseGlobal(header, pax);
  }

  #readLong(which: "longName" | "longLink", bytes: Uint8Array): Fault | undefined {
    const nul = bytes.indexOf(0);
    const text = latin1(bytes, 0, nul < 0 ? bytes.length : nul);
    if (text === "") return ambiguous("a GNU long name is empty");
    if (nul >= 0 && bytes.subarray(nul).some((byte) => byte !== 0)) {
      return ambiguous(`the GNU long name ${quoted(text)} goes on after a NUL`);
    }
    this.#extension = { ...this.#extension, [which]: text };
    return undefined;
  }
}
