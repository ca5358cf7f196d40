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
  /** Why it is refused although it is known; such a flag is not shown in help. */
  readonly refused?: string;
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

type Given = {
  readonly name: string;
  readonly rawName: string;
  readonly value: string | undefined;
  readonly inlineValue: boolean | undefined;
};

/** Throws `InputError` (`usage`) for unknown, repeated, refused or incomplete flags. `--help` is always known. */
export function parseArguments(command: string, flags: readonly Flag[], words: readonly string[]): Arguments {
  const known = [...flags, HELP];
  const given = readLoosely(known, words);
  for (const option of given) checkOption(command, known, option);
  const { positionals } = parseArgs({
    args: [...words],
    options: optionsOf(known),
    strict: true,
    allowPositionals: true,
  });
  const valuesOf = (name: string): string[] =>
    given.filter((option) => option.name === name).map(({ value }) => value ?? "");
  refuseRepeated(command, known, valuesOf);
  return {
    value: (name) => valuesOf(name)[0],
    values: valuesOf,
    has: (name) => given.some((option) => option.name === name),
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

/** Every option as written, known or not: the strict reading tells no more than that something is wrong. */
function readLoosely(flags: readonly Flag[], words: readonly string[]): readonly Given[] {
  const options = optionsOf(flags);
  const { tokens } = parseArgs({ args: [...words], options, strict: false, allowPositionals: true, tokens: true });
  return tokens.flatMap((token) => (token.kind === "option" ? [token] : []));
}

function usage(command: string, problem: string): InputError {
  return new InputError("usage", `${problem} Run "assay help ${command}" for what it takes.`);
}

function checkOption(command: string, flags: readonly Flag[], { name, rawName, value, inlineValue }: Given): void {
  const flag = flags.find((candidate) => candidate.name === name);
  if (flag === undefined) {
    const spellings = flags.filter(({ refused }) => refused === undefined).map((candidate) => `--${candidate.name}`);
    throw usage(command, `"assay ${command}" has no option ${rawName}.${didYouMean(rawName, spellings)}`);
  }
  if (flag.refused !== undefined) throw new InputError("usage", `${rawName} ${flag.refused}`);
  if (flag.value === undefined && value !== undefined)
    throw usage(command, `${rawName} is a switch and takes no value.`);
  if (flag.value === undefined) return;
  if (value === undefined || value === "") throw usage(command, `${rawName} needs a value: ${flag.value}.`);
  if (inlineValue !== true && value.length > 1 && value.startsWith("-")) {
    throw usage(
      command,
      `${rawName} needs a value, and "${value}" looks like another option: write ${rawName}=${value} if it is none.`,
    );
  }
}

function refuseRepeated(command: string, flags: readonly Flag[], valuesOf: (name: string) => readonly string[]): void {
  for (const { name, repeatable } of flags) {
    const times = valuesOf(name).length;
    if (times > 1 && repeatable !== true) throw usage(command, `--${name} is given ${times} times.`);
  }
}
