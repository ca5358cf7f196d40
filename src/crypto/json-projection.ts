import { InputError } from "../domain/errors.ts";
import { flatText } from "./flat-text.ts";

/** What is kept of an object's members: `true` for all of a member, or what is kept of it. */
export interface Wanted extends ReadonlyMap<string, Wanted | true> {}

/** Paths such as `predicate.scanner.result` as a tree; one that leads below another adds nothing to it. */
export function wantedOf(paths: readonly string[]): Wanted {
  const heads = new Map<string, string[]>();
  for (const path of paths) {
    const dot = path.indexOf(".");
    const head = dot === -1 ? path : path.slice(0, dot);
    heads.set(head, [...(heads.get(head) ?? []), dot === -1 ? "" : path.slice(dot + 1)]);
  }
  return new Map([...heads].map(([head, rests]) => [head, rests.includes("") ? true : wantedOf(rests)]));
}

/** Where kept text goes, up to a limit in bytes. */
class Sink {
  readonly #limit: number;
  #parts: string[] = [];
  #size = 0;
  over = false;

  constructor(limit: number) {
    this.#limit = limit;
  }

  add(part: string): void {
    if (this.over) return;
    this.#size += Buffer.byteLength(part);
    this.over = this.#size > this.#limit;
    if (this.over) this.#parts = [];
    else this.#parts.push(flatText(part));
  }

  get text(): string {
    return this.#parts.join("");
  }
}

/** The parts of an object that were asked for, as JSON text; `undefined` where they were more than may be kept. */
export type Projection = {
  /** Members asked for under all circumstances. */
  readonly header: string;
  readonly kept: string | undefined;
  /** The names of all members of the whole. */
  readonly names: readonly string[];
};

/** Gathers what a `JsonWalk` finds at wanted places. */
export class Projector {
  readonly #header: Sink;
  readonly #kept: Sink;
  readonly #headerNames: readonly string[];
  readonly #counts = new Map<Sink, number[]>();

  constructor(headerNames: readonly string[], limits: { readonly header: number; readonly kept: number }) {
    this.#headerNames = headerNames;
    this.#header = new Sink(limits.header);
    this.#kept = new Sink(limits.kept);
    for (const sink of [this.#header, this.#kept]) {
      this.#counts.set(sink, [0]);
      sink.add("{");
    }
  }

  sinkOf(rootName: string): Sink {
    return this.#headerNames.includes(rootName) ? this.#header : this.#kept;
  }

  /** A member's name, before its value. */
  name(sink: Sink, name: string): void {
    const counts = this.#counts.get(sink) ?? [];
    const before = counts.pop() ?? 0;
    counts.push(before + 1);
    sink.add(`${before === 0 ? "" : ","}${JSON.stringify(name)}:`);
  }

  open(sink: Sink): void {
    this.#counts.get(sink)?.push(0);
    sink.add("{");
  }

  close(sink: Sink): void {
    this.#counts.get(sink)?.pop();
    sink.add("}");
  }

  finish(names: readonly string[]): Projection {
    for (const sink of [this.#header, this.#kept]) sink.add("}");
    if (this.#header.over) throw new InputError("signature", "statement has more subjects than may be read");
    return { header: this.#header.text, kept: this.#kept.over ? undefined : this.#kept.text, names };
  }
}

export type { Sink };
