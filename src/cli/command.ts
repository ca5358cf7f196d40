import type { CliTools } from "./app.ts";
import type { ExitCode } from "./exit-code.ts";
import type { Arguments, Flag } from "./flags.ts";
import type { Io } from "./io.ts";

export type Context = { readonly args: Arguments; readonly io: Io; readonly tools: CliTools };

/** One command of the program; `commands.ts` lists them all. */
export type Command = {
  /** As typed: one word, or two for a group such as `policy check`. */
  readonly name: string;
  /** One line for the overview. */
  readonly summary: string;
  /** What follows the name, such as `IMAGE… [options]`. */
  readonly operands: string;
  readonly flags: readonly Flag[];
  /** Paragraphs that follow the flags in help. */
  readonly notes: readonly string[];
  /** Every word after the name is an operand, flags and all. */
  readonly passesThrough?: boolean;
  /** Throws `InputError` (exit 3) and `PortError` (exit 2). */
  readonly run: (context: Context) => Promise<ExitCode>;
};
