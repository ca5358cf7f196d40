import { changedItems, type Change, type ImageDiff, type PlatformDiff } from "../image-diff.ts";
import type { Style } from "../terminal-text.ts";
import { formatBytes } from "./layer-table.ts";
import { table } from "./table.ts";

/** Two images side by side: what the second has more or less of, so that the gain of a smaller base image shows. */
export function diffText(diff: ImageDiff, names: { readonly from: string; readonly to: string }, style: Style): string {
  const lines = [
    `${style.strong("from")} ${names.from}`,
    `${style.strong("to  ")} ${names.to}`,
    ...diff.platforms.flatMap((platform) => ["", ...platformLines(platform, style)]),
    ...diff.only.from.map((name) => `\n${style.strong(name)}  only in the first`),
    ...diff.only.to.map((name) => `\n${style.strong(name)}  only in the second`),
    ...(diff.platforms.length === 0 ? ["", "The two have no platform in common, so there is nothing to compare."] : []),
  ];
  return `${lines.join("\n")}\n`;
}

function platformLines(diff: PlatformDiff, style: Style): readonly string[] {
  const rows = [
    row("composition", diff.composition, String),
    row("user", diff.user, String),
    numbers("attack surface", diff.surface),
    ...changedItems(diff).map((name) =>
      numbers(`  ${name}`, { from: diff.items[name].from?.count, to: diff.items[name].to?.count }),
    ),
    numbers("packages", diff.packages),
    numbers("executables", diff.executables),
    bytes("packed", diff.compressedBytes),
    bytes("unpacked", diff.uncompressedBytes),
  ];
  return [
    `${style.strong(diff.platform)}  ${headline(diff, style)}`,
    ...table(["", "from", "to", "change"], rows).map((line) => `  ${line}`),
    ...(diff.mended.length === 0 ? [] : [`  mended  ${diff.mended.join(", ")}`]),
    ...(diff.broken.length === 0 ? [] : [`  broken  ${style.bad(diff.broken.join(", "))}`]),
  ];
}

function headline({ surface: { from, to } }: PlatformDiff, style: Style): string {
  if (from === undefined || to === undefined) return style.odd("the attack surface of one of them is not known");
  if (from === to) return "as much attack surface in both";
  return to < from
    ? style.good(`${from - to} of ${from} points of attack surface less`)
    : style.bad(`${to - from} points of attack surface more`);
}

function row<T>(name: string, { from, to }: Change<T>, show: (value: T) => string): readonly string[] {
  return [name, from === undefined ? "-" : show(from), to === undefined ? "-" : show(to), ""];
}

function numbers(name: string, change: Change<number>): readonly string[] {
  return [...row(name, change, String).slice(0, 3), difference(change, String)];
}

function bytes(name: string, change: Change<number>): readonly string[] {
  return [...row(name, change, formatBytes).slice(0, 3), difference(change, formatBytes)];
}

function difference({ from, to }: Change<number>, show: (value: number) => string): string {
  if (from === undefined || to === undefined || from === to) return "";
  return to > from ? `+${show(to - from)}` : `-${show(from - to)}`;
}
