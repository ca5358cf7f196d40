// Turns one comparison after another into its opposite and asks the tests whether they notice.
//   npm run mutants [-- --only PART] [--sample N] [--seed N] [--jobs N] [--seconds N] [--near]
// PART is a regular expression for paths; `--near` leaves out the fuzzers and other people's clients, for a first look.
// `--seconds` stops all after that time, whatever is under way; what was not asked to its end is counted and nothing else.
// Exits 1 if a mutant survives that is not listed in test/mutation/equivalent.txt with the reason why nobody could notice;
// without `--seconds` also if one could not be asked, since a test fails where nothing is broken.
import { parseArgs } from "node:util";

import { allCases, randomFrom, sampleOf, type Case } from "./case.ts";
import { equivalents } from "./equivalents.ts";
import { Jury, type Fate } from "./jury.ts";
import { nameOf } from "./mutant.ts";
import { TreeCopy } from "./tree-copy.ts";

const { values } = parseArgs({
  options: {
    only: { type: "string", default: "" },
    sample: { type: "string", default: "0" },
    seed: { type: "string", default: String(Date.now() % 1_000_000) },
    jobs: { type: "string", default: "1" },
    near: { type: "boolean", default: false },
    seconds: { type: "string", default: "Infinity" },
  },
});

function numberOf(name: "sample" | "seed" | "jobs" | "seconds"): number {
  const number = Number(values[name]);
  if (!(number >= 0)) throw new Error(`--${name} is ${values[name]}, expected a number`);
  return number;
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

/** Takes mutants off the line until it is empty or time is up. */
async function work(line: Case[], jury: Jury): Promise<readonly Fate[]> {
  const copy = new TreeCopy();
  const fates: Fate[] = [];
  try {
    while (!jury.isOver) {
      const one = line.shift();
      if (one === undefined) break;
      if (line.length % 20 === 0) process.stderr.write(`${line.length} left\n`);
      const fate = await jury.fateOf(one, copy);
      if (fate === "survives") say(`survives: ${nameOf(one.mutant)}`);
      fates.push(fate);
    }
    return fates;
  } finally {
    copy.remove();
  }
}

const seconds = numberOf("seconds");
// Starting is part of the time.
const jury = new Jury(performance.timeOrigin + seconds * 1000);
try {
  const known = equivalents();
  const cases = allCases(values.only, values.near).filter(({ mutant }) => !known.has(nameOf(mutant)));
  const line = [...sampleOf(cases, numberOf("sample"), randomFrom(numberOf("seed")))];
  const wanted = line.length;
  const workers = Array.from({ length: numberOf("jobs") }, () => work(line, jury));
  const fates = (await Promise.all(workers)).flat();
  const count = (fate: Fate): number => fates.filter((each) => each === fate).length;
  const [noticed, survivors] = [count("noticed"), count("survives")];
  const unasked = wanted - noticed - survivors;
  say(`seed ${values.seed}: ${wanted} of ${cases.length} mutants, of which ${unasked} were not asked to the end`);
  say(`${noticed} were noticed, ${survivors} survive unexplained`);
  process.exitCode = survivors > 0 || (unasked > 0 && seconds === Infinity) ? 1 : 0;
} finally {
  jury.dismiss();
}
