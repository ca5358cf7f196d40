import type { Command } from "./command.ts";
import type { Flag } from "./flags.ts";

/** What the program is and what it can be asked. */
export function overview(commands: readonly Command[]): string {
  const width = Math.max(...commands.map(({ name }) => name.length));
  return [
    "Assay tells whether a container image may run, and proves why.",
    "",
    "usage: assay COMMAND [options]",
    "",
    ...commands.map(({ name, summary }) => `  ${name.padEnd(width)}  ${summary}`),
    "",
    `"assay help COMMAND" tells more. Settings from the environment are listed in README.md.`,
    "Exit: 0 allowed, 1 denied, 2 could not be determined, 3 usage or configuration.",
    "",
  ].join("\n");
}

/** One command in full. */
export function commandHelp({ name, summary, operands, flags, notes }: Command): string {
  const shown = flags.filter(({ refused }) => refused === undefined);
  const width = Math.max(0, ...shown.map((flag) => spelling(flag).length));
  const options = shown.map(
    (flag) => `  ${spelling(flag).padEnd(width)}  ${flag.help}${flag.repeatable ? " (repeatable)" : ""}`,
  );
  return [
    `usage: assay ${name} ${operands}`.trimEnd(),
    "",
    `${summary.slice(0, 1).toUpperCase()}${summary.slice(1)}.`,
    ...(options.length === 0 ? [] : ["", ...options]),
    ...notes.flatMap((note) => ["", note]),
    "",
  ].join("\n");
}

function spelling({ name, short, value }: Flag): string {
  const letter = short === undefined ? "" : `-${short}, `;
  return `${letter}--${name}${value === undefined ? "" : ` ${value}`}`;
}
