import { InputError } from "../domain/errors.ts";
import type { Command, Context } from "./command.ts";
import { EXIT, type ExitCode } from "./exit-code.ts";

/** `assay demo`: shows the main job on this machine, with images and signatures it makes itself. */
export const demo: Command = {
  name: "demo",
  summary: "show the main job on this machine",
  operands: "[arguments of the demonstration]",
  flags: [],
  notes: ["The demonstration is a part of the source checkout, in its folder demo."],
  passesThrough: true,
  run: runDemo,
};

async function runDemo({ args, tools }: Context): Promise<ExitCode> {
  const main = await tools.demo();
  if (main === undefined) {
    throw new InputError(
      "usage",
      "The demonstration is not here: it is a part of the source checkout; run script/demo there.",
    );
  }
  return (await main(args.operands)) === 0 ? EXIT.allowed : EXIT.denied;
}
