import type { Io } from "../src/cli/io.ts";

const CLEAR_LINE = "\r\u001b[K";
const BAR = 20;
/** Below the width of any terminal that is worth the name; a longer line would not be redrawn but repeated. */
const MAX_LINE = 78;

const ENDED: readonly string[] = ["done", "failed"];

/** Where each image stands, on standard error: one line redrawn on a terminal, elsewhere a line for each that ended. */
export class LiveProgress {
  readonly #io: Io;
  readonly #states: Map<string, string>;
  readonly #redraws: boolean;

  constructor(io: Io, names: readonly string[]) {
    this.#io = io;
    this.#states = new Map(names.map((name) => [name, "waiting"]));
    this.#redraws = io.errIsTerminal && io.env["TERM"] !== "dumb";
    if (this.#redraws) this.#draw();
  }

  tell(name: string, state: string): void {
    if (this.#states.get(name) === state) return;
    this.#states.set(name, state);
    if (this.#redraws) this.#draw();
    else if (ENDED.includes(state)) this.#io.err(`  ${this.#count(ENDED)}/${this.#states.size} verified ${name}\n`);
  }

  end(): void {
    if (this.#redraws) this.#io.err(CLEAR_LINE);
  }

  #draw(): void {
    const ended = this.#count(ENDED);
    const filled = Math.round((BAR * ended) / this.#states.size);
    const bar = "█".repeat(filled) + "░".repeat(BAR - filled);
    const counts = `${ended} done, ${this.#count(["active"])} being verified, ${this.#count(["waiting"])} waiting`;
    const retrying = this.#count(["retrying"]);
    const line = `  ${bar}  ${counts}${retrying === 0 ? "" : `, ${retrying} to be tried again`}`;
    this.#io.err(CLEAR_LINE + line.slice(0, MAX_LINE));
  }

  #count(states: readonly string[]): number {
    return [...this.#states.values()].filter((state) => states.includes(state)).length;
  }
}
