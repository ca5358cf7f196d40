// RFC 8259 section 6.
const NUMBER = /^-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?$/;
/** Longer numbers exist in no honest document. */
const MAX_NUMBER = 1024;
const WORDS: ReadonlySet<string> = new Set(["true", "false", "null"]);
const LONGEST_WORD = 5;

/** One number or word of a JSON text that arrives in pieces. `refuse` never returns. */
export class JsonScalarRun {
  readonly #refuse: (why: string) => never;
  #text = "";

  constructor(refuse: (why: string) => never) {
    this.#refuse = refuse;
  }

  begin(): void {
    this.#text = "";
  }

  /** Reads on from `from`: the place behind the number, or `undefined` while it may go on. */
  readNumber(piece: string, from: number): number | undefined {
    let at = from;
    while (at < piece.length && isNumberUnit(piece.charCodeAt(at))) at += 1;
    this.#text += piece.slice(from, at);
    if (this.#text.length > MAX_NUMBER) this.#refuse("a number is longer than any");
    if (at === piece.length) return undefined;
    if (!NUMBER.test(this.#text)) this.#refuse("expected a value");
    // JSON.parse says Infinity here and Go refuses.
    if (!Number.isFinite(Number(this.#text))) this.#refuse("the number is too large");
    return at;
  }

  readWord(piece: string, from: number): number | undefined {
    let at = from;
    while (at < piece.length && this.#text.length < LONGEST_WORD && !WORDS.has(this.#text)) {
      this.#text += piece[at] ?? "";
      at += 1;
    }
    if (WORDS.has(this.#text)) return at;
    return this.#text.length < LONGEST_WORD ? undefined : this.#refuse("expected a value");
  }
}

/** Digits, plus, minus, point and the exponent's letter. */
function isNumberUnit(unit: number): boolean {
  return (
    (unit >= 0x30 && unit <= 0x39) || unit === 0x2b || unit === 0x2d || unit === 0x2e || unit === 0x45 || unit === 0x65
  );
}
