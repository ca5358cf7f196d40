/** Longer names of members exist in no honest document. */
const MAX_NAME = 64 * 1024;

const HEX = /^[0-9A-Fa-f]$/;
const ESCAPES: Readonly<Record<string, string>> = {
  '"': '"',
  "\\": "\\",
  "/": "/",
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
};

type State = "plain" | "escape" | "hex" | "low-backslash" | "low-u";

/** One string of a JSON text that arrives in pieces, from behind its first quote. `refuse` never returns. */
export class JsonStringRun {
  readonly #refuse: (why: string) => never;
  #state: State = "plain";
  #collects = false;
  #text = "";
  #hex = "";
  /** The first half of a surrogate pair, or 0. */
  #high = 0;

  constructor(refuse: (why: string) => never) {
    this.#refuse = refuse;
  }

  /** Begins a string; its text is only gathered for a name. */
  begin(collects: boolean): void {
    this.#collects = collects;
    this.#text = "";
    this.#state = "plain";
  }

  /** What the string says, once it is over. */
  get text(): string {
    return this.#text;
  }

  /** Reads on from `at`: the place behind the last quote, or `undefined` if the piece ends before. */
  read(piece: string, at: number): number | undefined {
    for (let here = at; here < piece.length;) {
      if (this.#state === "plain") {
        const end = this.#plainEnd(piece, here);
        this.#add(piece.slice(here, end));
        if (end === piece.length) return undefined;
        if (piece[end] === '"') return end + 1;
        this.#state = "escape";
        here = end + 1;
      } else {
        this.#special(piece[here] ?? "");
        here += 1;
      }
    }
    return undefined;
  }

  /** The place of the next quote or backslash, or the piece's end. */
  #plainEnd(piece: string, from: number): number {
    for (let at = from; at < piece.length; at += 1) {
      const unit = piece.charCodeAt(at);
      if (unit === 0x22 || unit === 0x5c) return at;
      if (unit < 0x20) this.#refuse("a control character in a string");
    }
    return piece.length;
  }

  #add(run: string): void {
    if (!this.#collects) return;
    this.#text += run;
    if (this.#text.length > MAX_NAME) this.#refuse("a name is longer than any");
  }

  #special(character: string): void {
    switch (this.#state) {
      case "escape":
        return this.#escape(character);
      case "hex":
        return this.#hexDigit(character);
      case "low-backslash":
        return this.#lowHalf(character, "\\", "low-u");
      case "low-u":
        return this.#lowHalf(character, "u", "hex");
      case "plain":
        return undefined;
    }
  }

  #escape(character: string): void {
    this.#hex = "";
    this.#state = character === "u" ? "hex" : "plain";
    if (character === "u") return;
    const meant = Object.hasOwn(ESCAPES, character) ? ESCAPES[character] : undefined;
    this.#add(meant ?? this.#refuse("an unknown escape"));
  }

  #hexDigit(character: string): void {
    if (!HEX.test(character)) this.#refuse("\\u needs four hexadecimal digits");
    this.#hex += character;
    if (this.#hex.length === 4) this.#endUnicode(Number.parseInt(this.#hex, 16));
  }

  /** Half a surrogate pair is refused, as by `JsonScanner`. */
  #endUnicode(unit: number): void {
    const isLow = unit >= 0xdc00 && unit <= 0xdfff;
    if (isLow !== (this.#high !== 0)) this.#refuse("half a surrogate pair");
    if (unit >= 0xd800 && unit <= 0xdbff) {
      this.#high = unit;
      this.#state = "low-backslash";
      return;
    }
    this.#add(isLow ? String.fromCharCode(this.#high, unit) : String.fromCharCode(unit));
    this.#high = 0;
    this.#state = "plain";
  }

  #lowHalf(character: string, expected: string, next: State): void {
    if (character !== expected) this.#refuse("half a surrogate pair");
    this.#hex = "";
    this.#state = next;
  }
}
