import { InputError, type InputCode } from "../domain/errors.ts";
import { quoted } from "../domain/quoted.ts";
import { flatText } from "./flat-text.ts";
import { JsonScalarRun } from "./json-scalar-run.ts";
import { JsonStringRun } from "./json-string-run.ts";
import type { Projector, Sink, Wanted } from "./json-projection.ts";

/** As `parseStrictJson`. */
const MAX_DEPTH = 64;
/** Names of the members of all objects that are open at once: they must be remembered to see one that stands twice. */
const MAX_OPEN_NAMES = 200_000;
const MAX_OPEN_NAME_UNITS = 8 * 1024 * 1024;
/** What comes next. */
type State = "value" | "first-item" | "first-name" | "name" | "colon" | "after" | "string" | "number" | "word";

type Frame = {
  readonly names: Set<string> | undefined;
  /** What of it is kept member by member; `undefined` where all or nothing is. */
  readonly wanted: Wanted | undefined;
  units: number;
};

/**
 * Reads one JSON object that arrives in pieces, by the rules of `parseStrictJson`, and hands the wanted parts of its text to
 * a projector. Memory does not grow with the text. Where `parseStrictJson` would not throw for a limit of its own, both
 * accept the same objects. Throws `InputError`.
 */
export class JsonWalk {
  readonly #code: InputCode;
  readonly #name: string;
  readonly #projector: Projector;
  readonly #decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  readonly #root: Wanted;
  readonly #frames: Frame[] = [];
  #rootNames: readonly string[] = [];
  #state: State = "value";
  #read = 0;
  readonly #string = new JsonStringRun((why) => this.#refuse(why));
  readonly #scalar = new JsonScalarRun((why) => this.#refuse(why));
  #isName = false;
  #memberName = "";
  #openNames = 0;
  #openUnits = 0;
  /** A value of which all is kept: where its text goes, at what depth it began, and from where in the present piece. */
  #keeping: { readonly sink: Sink; readonly depth: number } | undefined;
  #keepFrom = 0;
  #sink: Sink | undefined;

  constructor(wanted: Wanted, projector: Projector, options: { readonly code: InputCode; readonly name: string }) {
    this.#root = wanted;
    this.#projector = projector;
    this.#code = options.code;
    this.#name = options.name;
  }

  push(piece: Uint8Array): void {
    this.#walk(this.#decode(piece, true));
  }

  /** The names of the object's members. */
  finish(): readonly string[] {
    this.#walk(this.#decode(new Uint8Array(), false));
    if (this.#state !== "after" || this.#frames.length > 0) this.#refuse("the text ends too early");
    return this.#rootNames;
  }

  #decode(piece: Uint8Array, stream: boolean): string {
    try {
      return this.#decoder.decode(piece, { stream });
    } catch {
      return this.#refuse("it is not UTF-8 text");
    }
  }

  #refuse(why: string): never {
    throw new InputError(this.#code, `${this.#name} is not acceptable JSON near character ${this.#read}: ${why}`);
  }

  #walk(text: string): void {
    this.#keepFrom = 0;
    for (let at = 0; at < text.length;) at = this.#step(text, at);
    this.#keepUpTo(text, text.length);
    this.#read += text.length;
  }

  #step(text: string, at: number): number {
    switch (this.#state) {
      case "string": {
        const end = this.#string.read(text, at);
        return end === undefined ? text.length : this.#endString(text, end);
      }
      case "number":
        return this.#endScalar(text, this.#scalar.readNumber(text, at));
      case "word":
        return this.#endScalar(text, this.#scalar.readWord(text, at));
      case "value":
      case "first-item":
      case "first-name":
      case "name":
      case "colon":
      case "after":
        return isSpace(text.charCodeAt(at)) ? at + 1 : this.#structure(text, at, this.#state);
    }
  }

  #endScalar(text: string, end: number | undefined): number {
    return end === undefined ? text.length : this.#endValue(text, end);
  }

  #structure(text: string, at: number, state: Exclude<State, "string" | "number" | "word">): number {
    const character = text[at] ?? "";
    switch (state) {
      case "first-item":
        return character === "]" ? this.#close(text, at) : this.#begin(character, at);
      case "value":
        return this.#begin(character, at);
      case "first-name":
        return character === "}" ? this.#close(text, at) : this.#beginName(character, at);
      case "name":
        return this.#beginName(character, at);
      case "colon":
        if (character !== ":") this.#refuse("expected a colon");
        this.#state = "value";
        return at + 1;
      case "after":
        return this.#follow(text, character, at);
    }
  }

  #follow(text: string, character: string, at: number): number {
    const frame = this.#frames.at(-1);
    if (frame === undefined) this.#refuse("something follows the value");
    const isObject = frame.names !== undefined;
    if (character === (isObject ? "}" : "]")) return this.#close(text, at);
    if (character !== ",") this.#refuse(`expected a comma or the end of the ${isObject ? "object" : "array"}`);
    this.#state = isObject ? "name" : "value";
    return at + 1;
  }

  #beginName(character: string, at: number): number {
    if (character !== '"') this.#refuse("expected a name in quotes");
    this.#isName = true;
    this.#string.begin(true);
    this.#state = "string";
    return at + 1;
  }

  /** A value's first character. */
  #begin(character: string, at: number): number {
    const wanted = this.#wantedHere(character, at);
    switch (character) {
      case "{":
        return this.#open({ names: new Set(), wanted, units: 0 }, "first-name", at);
      case "[":
        return this.#open({ names: undefined, wanted: undefined, units: 0 }, "first-item", at);
      case '"':
        this.#isName = false;
        this.#string.begin(false);
        this.#state = "string";
        return at + 1;
      case "t":
      case "f":
      case "n":
        this.#scalar.begin();
        this.#state = "word";
        return at;
      default:
        this.#scalar.begin();
        this.#state = "number";
        return at;
    }
  }

  /** Begins to keep the value if all of it is wanted, or anything below it and it is no object. */
  #wantedHere(character: string, at: number): Wanted | undefined {
    const frame = this.#frames.at(-1);
    if (frame === undefined) {
      if (character !== "{") this.#refuse("it is not an object");
      return this.#root;
    }
    const wanted = frame.names === undefined ? undefined : frame.wanted?.get(this.#memberName);
    if (wanted === undefined || this.#keeping !== undefined) return undefined;
    if (this.#frames.length === 1) this.#sink = this.#projector.sinkOf(this.#memberName);
    if (this.#sink === undefined) return undefined;
    this.#projector.name(this.#sink, this.#memberName);
    if (wanted !== true && character === "{") {
      this.#projector.open(this.#sink);
      return wanted;
    }
    this.#keeping = { sink: this.#sink, depth: this.#frames.length };
    this.#keepFrom = at;
    return undefined;
  }

  #open(frame: Frame, next: State, at: number): number {
    if (this.#frames.length === MAX_DEPTH) this.#refuse(`values are nested deeper than ${MAX_DEPTH}`);
    this.#frames.push(frame);
    this.#state = next;
    return at + 1;
  }

  #close(text: string, at: number): number {
    const frame = this.#frames.pop();
    this.#openNames -= frame?.names?.size ?? 0;
    this.#openUnits -= frame?.units ?? 0;
    if (this.#frames.length === 0) this.#rootNames = [...(frame?.names ?? [])];
    else if (frame?.wanted !== undefined && this.#sink !== undefined) this.#projector.close(this.#sink);
    return this.#endValue(text, at + 1);
  }

  /** `end` is just behind the value. */
  #endValue(text: string, end: number): number {
    this.#state = "after";
    if (this.#keeping?.depth === this.#frames.length) {
      this.#keepUpTo(text, end);
      this.#keeping = undefined;
    }
    return end;
  }

  #keepUpTo(text: string, end: number): void {
    if (this.#keeping !== undefined && end > this.#keepFrom) this.#keeping.sink.add(text.slice(this.#keepFrom, end));
    this.#keepFrom = end;
  }

  #endString(piece: string, end: number): number {
    if (!this.#isName) return this.#endValue(piece, end);
    this.#memberName = flatText(this.#string.text);
    this.#remember(this.#memberName);
    this.#state = "colon";
    return end;
  }

  #remember(name: string): void {
    const frame = this.#frames.at(-1);
    if (frame?.names === undefined) return;
    if (frame.names.has(name)) this.#refuse(`the key ${quoted(name)} stands twice`);
    frame.names.add(name);
    frame.units += name.length;
    this.#openNames += 1;
    this.#openUnits += name.length;
    if (this.#openNames > MAX_OPEN_NAMES || this.#openUnits > MAX_OPEN_NAME_UNITS) {
      this.#refuse("an object has more members than may be read");
    }
  }
}

function isSpace(unit: number): boolean {
  return unit === 0x20 || unit === 0x0a || unit === 0x0d || unit === 0x09;
}
