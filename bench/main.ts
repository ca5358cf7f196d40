// Runs every bench in a process of its own and prints each figure beside its gate; exits 1 if one is not reached.
//   npm run bench [-- NAME…]
import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { join } from "node:path";

import { isReached, type Gate } from "./gate.ts";

/** Benches are the files that end so. */
const ENDING = ".bench.ts";

function gatesOf(file: string): readonly Gate[] {
  const run = spawnSync(process.execPath, ["--expose-gc", join(import.meta.dirname, file)], {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "inherit"],
  });
  if (run.status !== 0) throw new Error(`${file} ended with ${run.status ?? run.signal}`);
  return run.stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Gate);
}

function lineOf(gate: Gate): string {
  const figure = `${gate.figure.toPrecision(3)} ${gate.unit}`;
  const limit = `${gate.must === "at-most" ? "≤" : "≥"} ${gate.limit} ${gate.unit}`;
  return `${isReached(gate) ? "ok  " : "MISS"}  ${gate.name.padEnd(64)} ${figure.padStart(16)}   ${limit}\n`;
}

const asked = process.argv.slice(2);
const files = readdirSync(import.meta.dirname)
  .filter((name) => name.endsWith(ENDING))
  .filter((name) => asked.length === 0 || asked.includes(name.slice(0, -ENDING.length)))
  .sort();
for (const file of files) {
  const gates = gatesOf(file);
  for (const gate of gates) process.stdout.write(lineOf(gate));
  if (!gates.every(isReached)) process.exitCode = 1;
}
