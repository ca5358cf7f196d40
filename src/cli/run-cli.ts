import { InputError, PortError } from "../domain/errors.ts";
import type { Program } from "./app.ts";
import type { Command } from "./command.ts";
import { COMMANDS } from "./commands.ts";
import { didYouMean } from "./did-you-mean.ts";
import { EXIT, type ExitCode } from "./exit-code.ts";
import { parseArguments, type Arguments } from "./flags.ts";
import { commandHelp, overview } from "./help.ts";
import type { Io } from "./io.ts";
import { printable, styleFor } from "./terminal-text.ts";

/** Runs one command line, without the program's own name. Never throws: whatever goes wrong has an exit code. */
export async function runCli(words: readonly string[], io: Io, program: Program): Promise<ExitCode> {
  try {
    return await dispatch(words, io, program);
  } catch (error) {
    return complain(error, io);
  }
}

async function dispatch(words: readonly string[], io: Io, program: Program): Promise<ExitCode> {
  const [first] = words;
  if (first === undefined) throw new InputError("usage", `No command is given. Run "assay help" for what there is.`);
  if (first === "--version") return say(io, `assay ${program.version}\n`);
  if (first === "--help" || first === "-h") return say(io, overview(COMMANDS));
  if (first === "help") return help(words.slice(1), io);
  const { command, rest } = findCommand(words);
  const args = command.passesThrough === true ? passThrough(rest) : parseArguments(command.name, command.flags, rest);
  return args.has("help") ? say(io, commandHelp(command)) : command.run({ args, io, tools: await program.load() });
}

function say(io: Io, text: string): ExitCode {
  io.out(text);
  return EXIT.allowed;
}

function help(words: readonly string[], io: Io): ExitCode {
  return say(io, words.length === 0 ? overview(COMMANDS) : helpOn(words));
}

/** A group such as `policy` is helped with all its commands. */
function helpOn(words: readonly string[]): string {
  const group = COMMANDS.filter(({ name }) => words.length === 1 && name.startsWith(`${words[0]} `));
  return (group.length > 0 ? group : [findCommand(words).command]).map(commandHelp).join("\n");
}

/** The command and the words after it: `policy check x` is the command `policy check` and the word `x`. */
function findCommand(words: readonly string[]): { readonly command: Command; readonly rest: readonly string[] } {
  const [first = "", second = ""] = words;
  const pair = COMMANDS.find(({ name }) => name === `${first} ${second}`);
  if (pair !== undefined) return { command: pair, rest: words.slice(2) };
  const single = COMMANDS.find(({ name }) => name === first);
  if (single !== undefined) return { command: single, rest: words.slice(1) };
  throw unknownCommand(first, second);
}

function unknownCommand(first: string, second: string): InputError {
  const members = COMMANDS.flatMap(({ name }) => (name.startsWith(`${first} `) ? [name.slice(first.length + 1)] : []));
  const more = `Run "assay help" for what there is.`;
  if (members.length === 0) {
    const firsts = COMMANDS.map(({ name }) => name.split(" ")[0] ?? "");
    return new InputError(
      "usage",
      `There is no command "${first.slice(0, 40)}".${didYouMean(first, [...firsts, "help"])} ${more}`,
    );
  }
  const given = second === "" ? "" : `, not "${second.slice(0, 40)}"`;
  return new InputError(
    "usage",
    `"assay ${first}" is followed by ${members.join(", ")}${given}.${didYouMean(second, members)} ${more}`,
  );
}

function passThrough(words: readonly string[]): Arguments {
  return { value: () => undefined, values: () => [], has: () => false, operands: words };
}

/** Says what went wrong on standard error. A mistake of ours is no answer about an image: it is "could not tell". */
function complain(error: unknown, io: Io): ExitCode {
  const style = styleFor(io.errIsTerminal, io.env);
  const isExpected = error instanceof InputError || error instanceof PortError;
  const message = error instanceof Error ? error.message : String(error);
  const [first = "", ...rest] = (isExpected ? message : `internal error, please report it: ${message}`).split("\n");
  io.err([`${style.bad("assay:")} ${printable(first)}`, ...rest.map((line) => `  ${printable(line)}`), ""].join("\n"));
  if (!isExpected && error instanceof Error && io.env["ASSAY_LOG_LEVEL"] === "debug") io.err(`${error.stack ?? ""}\n`);
  return error instanceof InputError ? EXIT.usage : EXIT.undetermined;
}
