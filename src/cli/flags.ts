import { parseArgs, type ParseArgsOptionsConfig } from "node:util";

import { InputError } from "../domain/errors.ts";
import { didYouMean } from "./did-you-mean.ts";

/** One option of a command. */
export type Flag = {
  readonly name: string;
  /** One letter, without the dash. */
  readonly short?: string;
  /** What its value is called in help, such as `PATH`; a flag without one is a switch. */
  readonly value?: string;
  readonly repeatable?: boolean;
  readonly help: string;
};

/** A command's words as given: flags by name, then the rest in order. */
export type Arguments = {
  /** The value of a flag; `undefined` if it was not given. */
  readonly value: (name: string) => string | undefined;
  /** All values of a repeatable flag, in order. */
  readonly values: (name: string) => readonly string[];
  readonly has: (name: string) => boolean;
  readonly operands: readonly string[];
};

const HELP: Flag = { name: "help", short: "h", help: "show this help" };

/** Throws `InputError` (`usage`) for unknown, repeated or incomplete flags. `--help` is always known. */
export function parseArguments(command: string, flags: readonly Flag[], words: readonly string[]): Arguments {
  const known = [...flags, HELP];
  refuseUnknown(command, known, words);
  const { positionals, tokens } = parseStrictly(command, known, words);
  const given = new Map<string, string[]>();
  for (const token of tokens) {
    if (token.kind === "option") given.set(token.name, [...(given.get(token.name) ?? []), token.value ?? ""]);
  }
  refuseRepeated(command, known, given);
  return {
    value: (name) => given.get(name)?.[0],
    values: (name) => given.get(name) ?? [],
    has: (name) => given.has(name),
    operands: positionals,
  };
}

function optionsOf(flags: readonly Flag[]): ParseArgsOptionsConfig {
  return Object.fromEntries(
    flags.map(({ name, short, value }) => [
      name,
      { type: value === undefined ? "boolean" : "string", multiple: true, ...(short === undefined ? {} : { short }) },
    ]),
  );
}

function usage(command: string, problem: string): InputError {
  return new InputError("usage", `${problem} Run "assay help ${command}" for what it takes.`);
}

function refuseUnknown(command: string, flags: readonly Flag[], words: readonly string[]): void {
  const { tokens } = parseArgs({
    args: [...words],
    options: optionsOf(flags),
    strict: false,
    allowPositionals: true,
    tokens: true,
  });
  const spellings = flags.map((flag) => `--${flag.name}`);
  for (const token of tokens) {
    if (token.kind === "option" && !flags.some((flag) => flag.name === token.name)) {
      const guess = didYouMean(token.rawName, spellings);
      throw usage(command, `"assay ${command}" has no option ${token.rawName}.${guess}`);
    }
  }
}

function parseStrictly(command: string, flags: readonly Flag[], words: readonly string[]) {
  try {
    const options = optionsOf(flags);
    return parseArgs({ args: [...words], options, strict: true, allowPositionals: true, tokens: true });
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    const [first = ""] = error.message.split("\n");
    throw new InputError("usage", usage(command, `${first.replace(/\.?$/, "")}.`).message, { cause: error });
  }
}

function refuseRepeated(command: string, flags: readonly Flag[], given: ReadonlyMap<string, readonly string[]>): void {
  for (const { name, value, repeatable } of flags) {
    const values = given.get(name) ?? [];
    if (values.length > 1 && repeatable !== true) throw usage(command, `--${name} is given ${values.length} times.`);
    if (value !== undefined && values.includes("")) throw usage(command, `--${name} needs a value: ${value}.`);
  }
}
