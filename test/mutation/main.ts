// Turns one comparison after another into its opposite and asks the tests whether they notice.
//   npm run mutants [-- --only PART] [--sample N] [--seed N]
// Exits 1 if a mutant survives that is not listed in test/mutation/equivalent.txt with the reason why nobody could notice.
import { spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";

import { equivalents } from "./equivalents.ts";
import { mutantsOf, nameOf, type Mutant } from "./mutant.ts";
import { SUITES } from "./suites.ts";

const ROOT = resolve(import.meta.dirname, "../..");
/** A mutant that makes tests hang was noticed. */
const TIMEOUT_MS = 120_000;

const { values } = parseArgs({
  options: {
    only: { type: "string", default: "" },
    sample: { type: "string", default: "0" },
    seed: { type: "string", default: String(Date.now() % 1_000_000) },
  },
});

/** A linear congruential generator (Numerical Recipes): the same seed gives the same sample. */
function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

function sampleOf<T>(items: readonly T[], count: number, random: () => number): readonly T[] {
  if (count === 0 || count >= items.length) return items;
  const left = [...items];
  return Array.from({ length: count }, () => left.splice(Math.floor(random() * left.length), 1)).flat();
}

type Case = { readonly mutant: Mutant; readonly tests: readonly string[] };

/** Words that a source file and a test have in common: the test most about it is asked first. */
function kinship(file: string, test: string): number {
  const words = new Set(file.split(/[/.-]/));
  return test.split(/[/.-]/).filter((word) => words.has(word)).length;
}

function allCases(): readonly Case[] {
  return SUITES.flatMap(({ files, tests }) =>
    files.flatMap((file) =>
      mutantsOf(file, readFileSync(join(ROOT, file), "utf8")).map((mutant) => ({
        mutant,
        tests: [...tests].sort((a, b) => kinship(file, b) - kinship(file, a)),
      })),
    ),
  ).filter(({ mutant }) => mutant.file.includes(values.only));
}

/** Whether the tests fail in a copy of the tree. */
function isNoticed(copy: string, tests: readonly string[]): boolean {
  const options = {
    cwd: copy,
    timeout: TIMEOUT_MS,
    stdio: "ignore",
    env: { ...process.env, NODE_TEST_CONTEXT: "" },
  } as const;
  return tests.some(
    (test) => spawnSync(process.execPath, ["--test", "--test-isolation=none", test], options).status !== 0,
  );
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

function copyTree(): string {
  const copy = mkdtempSync(join(tmpdir(), "assay-mutants-"));
  for (const part of ["src", "test", "workers", "package.json"])
    cpSync(join(ROOT, part), join(copy, part), { recursive: true });
  symlinkSync(join(ROOT, "node_modules"), join(copy, "node_modules"));
  process.env["ASSAY_VECTORS"] ??= resolve(ROOT, "../shared/vectors");
  return copy;
}

function run(copy: string, cases: readonly Case[]): readonly Mutant[] {
  return cases.flatMap(({ mutant, tests }, at) => {
    const path = join(copy, mutant.file);
    const original = readFileSync(path, "utf8");
    writeFileSync(path, mutant.text);
    const noticed = isNoticed(copy, tests);
    writeFileSync(path, original);
    if (!noticed) say(`survived ${at + 1}/${cases.length}: ${nameOf(mutant)}`);
    return noticed ? [] : [mutant];
  });
}

const cases = sampleOf(allCases(), Number(values.sample), randomFrom(Number(values.seed)));
const copy = copyTree();
try {
  const known = equivalents();
  const survivors = run(copy, cases).filter((mutant) => !known.has(nameOf(mutant)));
  say(`seed ${values.seed}: ${cases.length} mutants, ${survivors.length} survive unexplained`);
  process.exitCode = survivors.length === 0 ? 0 : 1;
} finally {
  rmSync(copy, { recursive: true });
}
