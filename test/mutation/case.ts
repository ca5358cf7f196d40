import { readFileSync } from "node:fs";
import { join } from "node:path";

import type { Baseline } from "./baseline.ts";
import { ran } from "./coverage.ts";
import { mutantsOf, type Mutant } from "./mutant.ts";
import { SUITES } from "./suites.ts";
import { ROOT } from "./tree-copy.ts";

/** A mutant, and the tests that are asked whether they notice it; the likeliest first. */
export type Case = { readonly mutant: Mutant; readonly tests: readonly string[] };

/** A test file that comes to the mutant's place, and how long it takes. */
export type Witness = { readonly test: string; readonly millis: number };

/** Of source files whose path matches `only`; asked of all tests that might notice, or of those that are `near`. */
export function allCases(only: string, near: boolean): readonly Case[] {
  const pattern = new RegExp(only);
  return SUITES.flatMap(({ files, tests }) =>
    files
      .filter((file) => pattern.test(file))
      .flatMap((file) => {
        const sorted = tests
          .filter((test) => !near || !isFar(file, test))
          .sort((a, b) => kinship(file, b) - kinship(file, a));
        return mutantsOf(file, readFileSync(join(ROOT, file), "utf8")).map((mutant) => ({ mutant, tests: sorted }));
      }),
  );
}

/** Words that a source file and a test have in common; those that are far come last. */
function kinship(file: string, test: string): number {
  const words = new Set(file.split(/[/.-]/));
  const common = test.split(/[/.-]/).filter((word) => words.has(word)).length;
  return common - (isFar(file, test) ? 10 : 0);
}

/** What takes long and is rarely the first to notice: fuzzers, properties, other people's clients, and attestations for the rest. */
const SLOW = ["fuzz", "conformance", "attestation", "algebra", "cel"];

function isFar(file: string, test: string): boolean {
  return SLOW.some((word) => test.split(/[/.-]/).includes(word) && !file.includes(word));
}

/** A test that never comes to a place cannot notice what is there. */
export function comesTo({ file, at }: Mutant, { coverage }: Baseline): boolean {
  return ran(coverage, file, at);
}

/** A linear congruential generator (Numerical Recipes): the same seed gives the same sample. */
export function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

export function sampleOf<T>(items: readonly T[], count: number, random: () => number): readonly T[] {
  if (count === 0 || count >= items.length) return items;
  const left = [...items];
  return Array.from({ length: count }, () => left.splice(Math.floor(random() * left.length), 1)).flat();
}
