import { InputError } from "../domain/errors.ts";

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/** A string of a JSON text that is cut out is longer than this, in bytes. */
export const LONG_STRING = 64 * 1024;

export type LongStringOptions = {
  /** What the text is, for messages. */
  readonly name: string;
  /** How many bytes all the rest may have. */
  readonly maxRest: number;
  /** Gets the long string's characters as they come, as bytes. */
  readonly onPiece: (piece: Uint8Array) => void;
};

/**
 * Takes the one long string out of a JSON text that arrives in pieces, such as the payload of an envelope. Only where
 * strings begin and end is read here; whether the rest is JSON, and whether it was the right string, is for whoever parses
 * what `finish` returns. Throws `InputError` for a second long string, for one with escapes, and for too long a rest.
 */
export class LongString {
  readonly #options: LongStringOptions;
  readonly #before: Buffer[] = [];
  readonly #after: Buffer[] = [];
  #restSize = 0;
  /** What was read of a string that may still prove long. */
  #pending: Buffer[] = [];
  #pendingSize = 0;
  #inString = false;
  #escaped = false;
  #cut: "none" | "open" | "done" = "none";

  constructor(options: LongStringOptions) {
    this.#options = options;
  }

  push(piece: Uint8Array): void {
    const bytes = Buffer.from(piece.buffer, piece.byteOffset, piece.byteLength);
    for (let at = 0; at < bytes.length;) {
      at = this.#inString ? this.#readString(bytes, at) : this.#readOutside(bytes, at);
    }
  }

  /** The text with `marker` in the place of the long string, or `undefined` if none was found. */
  finish(marker: string): Buffer | undefined {
    if (this.#cut === "open" || this.#inString) this.#refuse("ends in a string");
    if (this.#cut === "none") return undefined;
    return Buffer.concat([...this.#before, Buffer.from(marker), ...this.#after]);
  }

  #readOutside(bytes: Buffer, from: number): number {
    const quote = bytes.indexOf(QUOTE, from);
    const end = quote === -1 ? bytes.length : quote + 1;
    this.#keep(bytes.subarray(from, end));
    this.#inString = quote !== -1;
    return end;
  }

  #readString(bytes: Buffer, from: number): number {
    if (this.#escaped) {
      this.#escaped = false;
      this.#inside(bytes.subarray(from, from + 1));
      return from + 1;
    }
    const quote = bytes.indexOf(QUOTE, from);
    const run = bytes.subarray(from, quote === -1 ? bytes.length : quote);
    const backslash = run.indexOf(BACKSLASH);
    if (backslash !== -1) {
      if (this.#cut === "open") this.#refuse("escapes characters in its longest string, which base64 has no need of");
      this.#inside(run.subarray(0, backslash + 1));
      this.#escaped = true;
      return from + backslash + 1;
    }
    this.#inside(run);
    if (quote === -1) return bytes.length;
    this.#endString();
    return quote + 1;
  }

  #inside(run: Buffer): void {
    if (this.#cut === "open") return this.#options.onPiece(run);
    // A copy: the piece it came in may be used again by whoever gave it.
    this.#pending.push(Buffer.from(run));
    this.#pendingSize += run.length;
    if (this.#pendingSize <= LONG_STRING) return;
    if (this.#cut === "done") this.#refuse("holds two strings of more bytes than any but a payload has");
    if (this.#pending.some((part) => part.includes(BACKSLASH)))
      this.#refuse("escapes characters in its longest string");
    this.#cut = "open";
    for (const part of this.#pending) this.#options.onPiece(part);
    this.#forget();
  }

  #endString(): void {
    for (const part of this.#pending) this.#keep(part);
    this.#forget();
    if (this.#cut === "open") this.#cut = "done";
    this.#inString = false;
    this.#keep(Buffer.of(QUOTE));
  }

  #forget(): void {
    this.#pending = [];
    this.#pendingSize = 0;
  }

  #keep(run: Buffer): void {
    this.#restSize += run.length;
    if (this.#restSize > this.#options.maxRest) {
      this.#refuse(`has more than the ${this.#options.maxRest} bytes allowed beside its payload`);
    }
    (this.#cut === "none" ? this.#before : this.#after).push(Buffer.from(run));
  }

  #refuse(why: string): never {
    throw new InputError("signature", `${this.#options.name} ${why}`);
  }
}
