import { HEAD_BYTES } from "../domain/layer-facts.ts";

import { isAt, joined, type ByteSearch } from "./byte-search.ts";
import { latin1 } from "./latin1.ts";
import { NatureScan } from "./nature-scan.ts";
import { MAX_PROGRAM_BYTES } from "./program-nature.ts";
import { looksSecret, secretIn, SECRET_BYTES } from "./secret-content.ts";

const ELF = "\x7fELF";
const SCRIPT = "#!";

/** What one regular file's content said. */
export type EntryReading = {
  /** Of an ELF or a script, whose first line alone is taken; empty for what could be anybody's data. */
  readonly head: string;
  readonly nature: string;
  /** What secret it is, by its first bytes; empty for most. */
  readonly secret: string;
  /** All bytes, where they were asked for. */
  readonly whole: Uint8Array | undefined;
};

export type EntryAsk = { readonly size: number; readonly isExecutable: boolean; readonly wholeUpTo: number };

/** Reads the content of one regular file as it arrives, and holds no more of it than what it turns out to be needs. */
export class EntryBody {
  readonly #search: ByteSearch;
  readonly #ask: EntryAsk;
  readonly #isWhole: boolean;
  readonly #pieces: Uint8Array[] = [];
  #held = 0;
  /** Decided once there are enough bytes to tell. */
  #scan: NatureScan | undefined;
  #heldUpTo: number | undefined;
  #isSuspect = false;

  constructor(search: ByteSearch, ask: EntryAsk) {
    this.#search = search;
    this.#ask = ask;
    this.#isWhole = ask.size <= ask.wholeUpTo;
  }

  /** How many of the first bytes may be needed. */
  get wanted(): number {
    return Math.min(this.#ask.size, Math.max(MAX_PROGRAM_BYTES, this.#isWhole ? this.#ask.wholeUpTo : 0));
  }

  push(bytes: Uint8Array): void {
    if (this.#heldUpTo !== undefined && this.#held >= this.#heldUpTo) return;
    this.#pieces.push(bytes);
    this.#held += bytes.length;
    if (this.#heldUpTo !== undefined) this.#scan?.push(bytes);
    else if (this.#held >= ELF.length || this.#held === this.#ask.size) this.#decide();
  }

  finish(): EntryReading {
    return {
      head: headOf(this.#first(HEAD_BYTES)),
      nature: this.#scan?.finish(this.#pieces) ?? "",
      secret: this.#isSuspect ? secretIn(this.#first(SECRET_BYTES)) : "",
      whole: this.#isWhole ? joined(this.#pieces) : undefined,
    };
  }

  #decide(): void {
    const start = joined(this.#pieces);
    const whole = this.#isWhole ? this.#ask.size : 0;
    if (isAt(start, 0, ELF)) {
      this.#scan = new NatureScan(this.#search, this.#ask.isExecutable);
      this.#scan.push(start);
      this.#heldUpTo = Math.max(whole, MAX_PROGRAM_BYTES);
    } else {
      this.#isSuspect = looksSecret(start);
      this.#heldUpTo = Math.max(whole, this.#isSuspect ? SECRET_BYTES : HEAD_BYTES);
    }
  }

  #first(count: number): string {
    let text = "";
    for (const piece of this.#pieces) {
      if (text.length >= count) break;
      text += latin1(piece, 0, Math.min(piece.length, count - text.length));
    }
    return text;
  }
}

function headOf(first: string): string {
  if (first.startsWith(ELF)) return first;
  return first.startsWith(SCRIPT) ? (first.split("\n", 1)[0] ?? "") : "";
}
