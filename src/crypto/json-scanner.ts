import { InputError, type InputCode } from "../domain/errors.ts";

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const SPACE = 0x20;

// RFC 8259 section 6. Each part's characters end the one before, so matching is linear.
const NUMBER = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y;
const HEX_4 = /^[0-9A-Fa-f]{4}$/;

const ESCAPES: ReadonlyMap<string, string> = new Map([
  ['"', '"'],
  ["\\", "\\"],
  ["/", "/"],
  ["b", "\b"],
  ["f", "\f"],
  ["n", "\n"],
  ["r", "\r"],
  ["t", "\t"],
]);

/** A place in one JSON text, and the ways to go on from it. Every refusal is an `InputError` with line and column. */
export class JsonScanner {
  readonly #text: string;
  readonly #code: InputCode;
  readonly #name: string;
  #at = 0;

  constructor(text: string, code: InputCode, name: string) {
    this.#text = text;
    this.#code = code;
    this.#name = name;
  }

  refuse(cause: string): never {
    const before = this.#text.slice(0, this.#at);
    const line = before.split("\n").length;
    const column = this.#at - before.lastIndexOf("\n");
    throw new InputError(
      this.#code,
      `${this.#name} is not acceptable JSON at line ${line}, column ${column}: ${cause}`,
    );
  }

  /** The next character that is not white space, which stays unread; empty at the end. */
  peek(): string {
    for (;;) {
      const unit = this.#text.charCodeAt(this.#at);
      if (unit !== SPACE && unit !== 0x0a && unit !== 0x0d && unit !== 0x09) return this.#text[this.#at] ?? "";
      this.#at += 1;
    }
  }

  /** Reads one character if it comes next. */
  take(character: string): boolean {
    if (this.peek() !== character) return false;
    this.#at += 1;
    return true;
  }

  word<T>(word: string, value: T): T {
    if (!this.#text.startsWith(word, this.#at)) this.refuse("expected a value");
    this.#at += word.length;
    return value;
  }

  number(): number {
    NUMBER.lastIndex = this.#at;
    const digits = NUMBER.exec(this.#text)?.[0] ?? this.refuse("expected a value");
    const value = Number(digits);
    // JSON.parse says Infinity here and Go refuses.
    if (!Number.isFinite(value)) this.refuse("the number is too large");
    this.#at += digits.length;
    return value;
  }

  string(): string {
    if (!this.take('"')) this.refuse("expected a string");
    let done = "";
    for (;;) {
      done += this.#plainRun();
      this.#at += 1;
      if (this.#text.charCodeAt(this.#at - 1) === QUOTE) return done;
      done += this.#escape();
    }
  }

  /** Characters up to the next quote or backslash, which stays unread. */
  #plainRun(): string {
    const start = this.#at;
    for (;;) {
      const unit = this.#text.charCodeAt(this.#at);
      if (unit === QUOTE || unit === BACKSLASH) return this.#text.slice(start, this.#at);
      // Past the end the unit is NaN, which is not at least a space either.
      if (!(unit >= SPACE))
        this.refuse(Number.isNaN(unit) ? "the text ends in a string" : "a control character in a string");
      this.#at += 1;
    }
  }

  #escape(): string {
    const letter = this.#text[this.#at] ?? "";
    if (letter === "u") return this.#unicodeEscape();
    const character = ESCAPES.get(letter) ?? this.refuse("an unknown escape");
    this.#at += 1;
    return character;
  }

  /** Half a surrogate pair is refused: Go reads U+FFFD where JSON.parse keeps the half, so keys could differ. */
  #unicodeEscape(): string {
    const first = this.#hex4();
    if (first < 0xd800 || first > 0xdfff) return String.fromCharCode(first);
    const paired = first <= 0xdbff && this.#text.startsWith("\\u", this.#at);
    if (paired) this.#at += 1;
    const second = paired ? this.#hex4() : 0;
    if (second < 0xdc00 || second > 0xdfff) this.refuse("half a surrogate pair");
    return String.fromCharCode(first, second);
  }

  /** The four digits after a `u`. */
  #hex4(): number {
    const digits = this.#text.slice(this.#at + 1, this.#at + 5);
    if (!HEX_4.test(digits)) this.refuse("\\u needs four hexadecimal digits");
    this.#at += 5;
    return Number.parseInt(digits, 16);
  }
}
