import { baselineOf, type Baseline } from "./baseline.ts";
import { comesTo, type Case, type Witness } from "./case.ts";
import { nameOf, type Mutant } from "./mutant.ts";
import { TreeCopy } from "./tree-copy.ts";
import { Unasked } from "./unasked.ts";

/** What becomes of a mutant; one is `unasked` if its tests were not all asked before time was up. */
export type Fate = "noticed" | "survives" | "unasked";

/** A mutant that makes tests take so much longer than they do was noticed. */
const PATIENCE_MS = 30_000;
/** The likeliest alone, then some, then the rest in one process. */
const TURNS = [1, 3, Infinity];

/** The tests, as they are asked about one mutant after another until time is up. */
export class Jury {
  /** Milliseconds since 1970, or infinite. */
  readonly #deadline: number;
  /** Nothing is broken here. */
  readonly #whole = new TreeCopy();
  readonly #baselines = new Map<string, Promise<Baseline>>();
  /** How many mutants of a source file a test has noticed: who noticed one notices the next. */
  readonly #noticed = new Map<string, number>();

  constructor(deadline: number) {
    this.#deadline = deadline;
  }

  get isOver(): boolean {
    return Date.now() >= this.#deadline;
  }

  /** Breaks the copy meanwhile. */
  async fateOf(one: Case, copy: TreeCopy): Promise<Fate> {
    try {
      return (await this.#survives(one, copy)) ? "survives" : "noticed";
    } catch (error) {
      if (!(error instanceof Unasked)) throw error;
      process.stderr.write(`not asked to the end: ${nameOf(one.mutant)}: ${error.message}\n`);
      return "unasked";
    }
  }

  dismiss(): void {
    this.#whole.remove();
  }

  async #survives(one: Case, copy: TreeCopy): Promise<boolean> {
    const witnesses = this.#witnessesOf(one);
    for (const size of TURNS) {
      const turn: Witness[] = [];
      while (turn.length < size) {
        const next = await witnesses.next();
        if (next.done === true) break;
        turn.push(next.value);
      }
      if (turn.length > 0 && (await this.#isNoticed(one.mutant, turn, copy))) return false;
    }
    return true;
  }

  /** The tests that come to a mutant's place, the likeliest to notice first. */
  async *#witnessesOf({ mutant, tests }: Case): AsyncGenerator<Witness> {
    const worth = (test: string): number => this.#noticed.get(`${mutant.file} ${test}`) ?? 0;
    for (const test of [...tests].sort((a, b) => worth(b) - worth(a))) {
      const known = await this.#baseline(test);
      if (comesTo(mutant, known)) yield { test, millis: known.millis };
    }
  }

  #baseline(test: string): Promise<Baseline> {
    const known = this.#baselines.get(test) ?? baselineOf(test, this.#whole, this.#left());
    this.#baselines.set(test, known);
    return known;
  }

  async #isNoticed(mutant: Mutant, turn: readonly Witness[], copy: TreeCopy): Promise<boolean> {
    const patience = turn.reduce((sum, { millis }) => sum + millis, PATIENCE_MS);
    const left = this.#left();
    const tests = turn.map(({ test }) => test);
    const ask = () => copy.ask(tests, Math.min(patience, left));
    const { outcome, failure } = await copy.with(mutant.file, mutant.text, ask);
    if (outcome === "passed") return false;
    if (outcome === "stopped" && left <= patience) throw new Unasked("time is up");
    if (outcome === "stopped") process.stderr.write(`hangs: ${nameOf(mutant)}\n`);
    const key = `${mutant.file} ${tests.find((test) => failure.includes(test)) ?? tests[0]}`;
    this.#noticed.set(key, (this.#noticed.get(key) ?? 0) + 1);
    return true;
  }

  /** Milliseconds. Throws `Unasked` where there are none. */
  #left(): number {
    if (this.isOver) throw new Unasked("time is up");
    return this.#deadline - Date.now();
  }
}
