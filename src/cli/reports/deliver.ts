import { InputError } from "../../domain/errors.ts";
import type { Context } from "../command.ts";
import { styleFor } from "../terminal-text.ts";

/** Writes to `--output`, or to standard output in colour where a person reads it. Throws `InputError` for a bad path. */
export async function deliver({ args, io }: Context, render: (style: ReturnType<typeof styleFor>) => string) {
  const file = args.value("output");
  if (file === undefined) return io.out(render(styleFor(io.outIsTerminal, io.env)));
  try {
    await io.writeFile(file, render(styleFor(false, io.env)));
  } catch (error) {
    const cause = error instanceof Error ? error.message : String(error);
    throw new InputError(
      "usage",
      `--output ${file} cannot be written: ${cause}; name a file in a folder that exists.`,
      { cause: error },
    );
  }
}
