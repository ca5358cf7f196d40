// Runs every bench in a process of its own and prints each figure beside its gate; exits 1 if one is not reached.
//   npm run bench [-- NAME…]
import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { join } from "node:path";

import { isReached, type Figure, type Gate } from "./gate.ts";

/** Benches are the files that end so. */
const ENDING = ".bench.ts";

type Line = Gate | Figure;

function linesOf(file: string): readonly Line[] {
  const run = spawnSync(process.execPath, ["--expose-gc", join(import.meta.dirname, file)], {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "inherit"],
  });
  if (run.status !== 0) throw new Error(`${file} ended with ${run.status ?? run.signal}`);
  return run.stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Line);
}

function shown(line: Line): string {
  const figure = `${line.name.padEnd(72)} ${`${line.figure.toPrecision(3)} ${line.unit}`.padStart(12)}`;
  if (!("limit" in line)) return `      ${figure}\n`;
  return `${isReached(line) ? "ok  " : "MISS"}  ${figure}   ${line.must === "at-most" ? "≤" : "≥"} ${line.limit} ${line.unit}\n`;
}

const asked = process.argv.slice(2);
const files = readdirSync(import.meta.dirname)
  .filter((name) => name.endsWith(ENDING))
  .filter((name) => asked.length === 0 || asked.includes(name.slice(0, -ENDING.length)))
  .sort();
for (const file of files) {
  const lines = linesOf(file);
  for (const line of lines) process.stdout.write(shown(line));
  if (!lines.every((line) => !("limit" in line) || isReached(line))) process.exitCode = 1;
}
