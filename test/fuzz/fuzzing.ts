import { InputError } from "../../src/domain/errors.ts";
import { mutate, seededRandom } from "./mutation.ts";
import type { Parser } from "./parsers.ts";

/** What became of some inputs; `fault` is the first that ended in neither a value nor an `InputError`. */
export type Outcome = {
  readonly values: number;
  readonly refused: number;
  readonly fault: { readonly input: Buffer; readonly why: string } | undefined;
};

/** Gives a parser as many changed inputs as asked for, always the same for a seed, and stops at the first fault. */
export function fuzz({ seeds, read }: Parser, inputs: number, seed: number): Outcome {
  const random = seededRandom(seed);
  let refused = 0;
  for (let count = 0; count < inputs; count += 1) {
    const good = seeds[Math.floor(random() * seeds.length)] ?? new Uint8Array();
    const input = mutate(good, random);
    try {
      if (read(input) === "verified") return { values: count, refused, fault: { input, why: "it was verified" } };
    } catch (error) {
      if (!(error instanceof InputError)) {
        const why = error instanceof Error ? (error.stack ?? error.message) : String(error);
        return { values: count - refused, refused, fault: { input, why } };
      }
      refused += 1;
    }
  }
  return { values: inputs - refused, refused, fault: undefined };
}
