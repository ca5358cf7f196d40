import type { Style } from "../src/cli/terminal-text.ts";
import type { Judgement } from "./follow.ts";
import { reasonsOf, wordOf, type Word } from "./reasons.ts";
import { wrap } from "./wrap.ts";

const MARKS: Readonly<Record<Word, string>> = { allowed: "✔", warned: "!", denied: "✖", "could not tell": "?" };
const PAINTS = { allowed: "good", warned: "odd", denied: "bad", "could not tell": "bad" } as const;

const VERDICT = 17;
const NAME = 19;
/** Reasons shown for one image, and lines for each. */
const REASONS = 2;
const LINES = 8;

/** Below each family's heading one row an image: what the service decided, the image and what it is, and the service's reasons. */
export function verdictTable(judged: readonly Judgement[], columns: number, style: Style): readonly string[] {
  return [
    style.faint(`${"VERDICT".padEnd(VERDICT)}${"IMAGE".padEnd(NAME)}WHAT IT IS, AND WHY`),
    ...judged.flatMap((one, at) => [
      ...(one.image.family === judged[at - 1]?.image.family ? [] : heading(one.image.family, columns, style)),
      "",
      ...row(one, columns, style),
    ]),
  ];
}

function heading(family: string, columns: number, style: Style): readonly string[] {
  return ["", ...wrap(`── ${family}`, columns).map((line) => style.strong(line))];
}

function row({ image, outcome }: Judgement, columns: number, style: Style): readonly string[] {
  const word = wordOf(outcome);
  const cell = style[PAINTS[word]](`${MARKS[word]} ${word}`.padEnd(VERDICT));
  const [first = "", ...rest] = wrap(image.what, columns - VERDICT - NAME);
  const reasons = reasonsOf(outcome);
  const hidden = reasons.length - REASONS;
  return [
    `${cell}${style.strong(image.name.padEnd(NAME))}${first}`,
    ...rest.map((line) => " ".repeat(VERDICT + NAME) + line),
    ...reasons.slice(0, REASONS).flatMap((reason) => reasonLines(reason, columns, style)),
    ...(hidden > 0 ? reasonLines(`And ${hidden} more.`, columns, style) : []),
  ];
}

function reasonLines(reason: string, columns: number, style: Style): readonly string[] {
  const indent = " ".repeat(VERDICT);
  return wrap(reason, columns - VERDICT - 2, LINES).map(
    (line, at) => `${indent}${style.faint(at === 0 ? "└ " : "  ")}${line}`,
  );
}

/** `15 images: 3 allowed, 1 warned, 10 denied, 1 could not tell (which counts as denied).` */
export function countsLine(judged: readonly Judgement[]): string {
  const words = judged.map(({ outcome }) => wordOf(outcome));
  const counts = (Object.keys(MARKS) as Word[]).flatMap((word) => {
    const count = words.filter((one) => one === word).length;
    return count === 0 ? [] : [`${count} ${word}`];
  });
  const strict = words.includes("could not tell") ? " (which counts as denied)" : "";
  return `${judged.length} images: ${counts.join(", ")}${strict}.`;
}
