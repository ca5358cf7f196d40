// Gives every parser of foreign bytes many changed inputs; exits 1 if one ends in anything but a value or an InputError.
//   npm run fuzz [-- NAME…]     ASSAY_FUZZ_RUNS: inputs for each parser; ASSAY_FUZZ_SEED: the seed of an earlier run
import { runs } from "../support/fuzz.ts";
import { fuzz } from "./fuzzing.ts";
import { PARSERS } from "./parsers.ts";

const MS = 1000;
const inputs = runs(100_000);
const seed = Number(process.env["ASSAY_FUZZ_SEED"] ?? Date.now() % 2 ** 31);
const asked = process.argv.slice(2);

process.stdout.write(`seed ${seed}\n`);
for (const parser of PARSERS.filter(({ name }) => asked.length === 0 || asked.includes(name))) {
  const startedAt = performance.now();
  const { values, refused, fault } = fuzz(parser, inputs, seed);
  const seconds = ((performance.now() - startedAt) / MS).toFixed(1);
  process.stdout.write(
    `${fault === undefined ? "ok  " : "FAIL"}  ${parser.name.padEnd(30)} ${inputs} inputs: ${values} read, ${refused} refused, ${seconds} s\n`,
  );
  if (fault === undefined) continue;
  process.stdout.write(`${fault.why}\ninput (base64): ${fault.input.toString("base64")}\n`);
  process.exitCode = 1;
}
