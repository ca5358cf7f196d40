// Turns one comparison after another into its opposite and asks the tests whether they notice.
//   npm run mutants [-- --only PART] [--sample N] [--seed N] [--jobs N] [--seconds N] [--near]
// PART is a regular expression for paths; `--near` leaves out the fuzzers and other people's clients, for a first look.
// `--seconds` begins no more mutants after that time. Exits 1 if a mutant survives that is not listed in
// test/mutation/equivalent.txt with the reason why nobody could notice, or if a test fails where nothing is broken.
import { parseArgs } from "node:util";

import { baselineOf, type Baseline } from "./baseline.ts";
import { allCases, comesTo, randomFrom, sampleOf, type Case, type Witness } from "./case.ts";
import { equivalents } from "./equivalents.ts";
import { nameOf, type Mutant } from "./mutant.ts";
import { TreeCopy } from "./tree-copy.ts";

/** A mutant that makes tests take so much longer than they do was noticed. */
const PATIENCE_MS = 30_000;

const { values } = parseArgs({
  options: {
    only: { type: "string", default: "" },
    sample: { type: "string", default: "0" },
    seed: { type: "string", default: String(Date.now() % 1_000_000) },
    jobs: { type: "string", default: "1" },
    near: { type: "boolean", default: false },
    seconds: { type: "string", default: "0" },
  },
});

const DEADLINE = values.seconds === "0" ? Infinity : Date.now() + Number(values.seconds) * 1000;
/** Nothing is broken here. */
const whole = new TreeCopy();
const baselines = new Map<string, Promise<Baseline>>();

function baseline(test: string): Promise<Baseline> {
  const known = baselines.get(test) ?? baselineOf(test, whole);
  baselines.set(test, known);
  return known;
}

/** How many mutants of a source file a test has noticed: who noticed one notices the next. */
const noticed = new Map<string, number>();

/** The tests that come to a mutant's place, the likeliest to notice first. */
async function* witnessesOf({ mutant, tests }: Case): AsyncGenerator<Witness> {
  const worth = (test: string): number => noticed.get(`${mutant.file} ${test}`) ?? 0;
  for (const test of [...tests].sort((a, b) => worth(b) - worth(a))) {
    const known = await baseline(test);
    if (comesTo(mutant, known)) yield { test, millis: known.millis };
  }
}

/** The likeliest alone, then some, then the rest in one process. */
const TURNS = [1, 3, Infinity];

async function isNoticed(mutant: Mutant, turn: readonly Witness[], copy: TreeCopy): Promise<boolean> {
  const limit = turn.reduce((sum, { millis }) => sum + millis, PATIENCE_MS);
  const tests = turn.map(({ test }) => test);
  const { passed, failure, millis } = await copy.with(mutant.file, mutant.text, () => copy.ask(tests, limit));
  if (!passed && millis >= limit) process.stderr.write(`hangs: ${nameOf(mutant)}\n`);
  const by = tests.find((test) => failure.includes(test)) ?? tests[0];
  if (!passed) noticed.set(`${mutant.file} ${by}`, (noticed.get(`${mutant.file} ${by}`) ?? 0) + 1);
  return !passed;
}

async function survives(one: Case, copy: TreeCopy): Promise<boolean> {
  const witnesses = witnessesOf(one);
  for (const size of TURNS) {
    const turn: Witness[] = [];
    while (turn.length < size) {
      const next = await witnesses.next();
      if (next.done === true) break;
      turn.push(next.value);
    }
    if (turn.length > 0 && (await isNoticed(one.mutant, turn, copy))) return false;
  }
  return true;
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

/** Takes mutants off the line until it is empty or time is up. */
async function work(line: Case[], survivors: Mutant[]): Promise<number> {
  const copy = new TreeCopy();
  let done = 0;
  try {
    for (let one = line.shift(); one !== undefined && Date.now() < DEADLINE; one = line.shift()) {
      done += 1;
      if (line.length % 20 === 0) process.stderr.write(`${line.length} left\n`);
      if (!(await survives(one, copy))) continue;
      say(`survives: ${nameOf(one.mutant)}`);
      survivors.push(one.mutant);
    }
    return done;
  } finally {
    copy.remove();
  }
}

try {
  const known = equivalents();
  const cases = allCases(values.only, values.near).filter(({ mutant }) => !known.has(nameOf(mutant)));
  const line = [...sampleOf(cases, Number(values.sample), randomFrom(Number(values.seed)))];
  const survivors: Mutant[] = [];
  const done = await Promise.all(Array.from({ length: Number(values.jobs) }, () => work(line, survivors)));
  const asked = done.reduce((sum, each) => sum + each);
  say(`seed ${values.seed}: ${asked} of ${cases.length} mutants, ${survivors.length} survive unexplained`);
  process.exitCode = survivors.length === 0 && asked > 0 ? 0 : 1;
} finally {
  whole.remove();
}
