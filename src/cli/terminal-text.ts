import { styleText } from "node:util";

/**
 * Characters that move a cursor, hide text or reverse its order: controls (Cc), formatting and bidirectional marks (Cf),
 * lone surrogates (Cs), private use (Co) and the two separators that some terminals break lines at.
 */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\u2028\u2029]/gu;

const NAMED: ReadonlyMap<string, string> = new Map([
  ["\n", String.raw`\n`],
  ["\r", String.raw`\r`],
  ["\t", String.raw`\t`],
]);

/** Text from an image, a registry or a server as it may be shown: one line, nothing a terminal would act on. */
export function printable(text: string): string {
  return text.replaceAll(UNPRINTABLE, (character) => NAMED.get(character) ?? escapeCode(character));
}

function escapeCode(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  const digits = code.toString(16);
  if (code < 0x100) return `\\x${digits.padStart(2, "0")}`;
  return code > 0xffff ? `\\u{${digits}}` : `\\u${digits.padStart(4, "0")}`;
}

/** The same data with every string in it, at any depth, made `printable`: done once, before anything is rendered. */
export function printableData<T>(value: T): T {
  return escapeDeep(value) as T;
}

function escapeDeep(value: unknown): unknown {
  if (typeof value === "string") return printable(value);
  if (Array.isArray(value)) return value.map(escapeDeep);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [printable(key), escapeDeep(inner)]));
}

/**
 * Indented JSON and a line end. It means exactly what the value means, and is still safe to show: what JSON leaves
 * literal and `printable` would escape becomes a JSON escape.
 */
export function printableJson(value: unknown): string {
  const json = JSON.stringify(value, undefined, 2);
  return `${json.replaceAll(UNPRINTABLE, (character) => (character === "\n" ? character : jsonEscape(character)))}\n`;
}

function jsonEscape(character: string): string {
  return Array.from({ length: character.length }, (_, at) => character.charCodeAt(at))
    .map((unit) => `\\u${unit.toString(16).padStart(4, "0")}`)
    .join("");
}

type Paint = (text: string) => string;

/** How words are set off: by colour on a terminal, by nothing elsewhere. */
export type Style = {
  readonly bad: Paint;
  readonly good: Paint;
  readonly odd: Paint;
  readonly strong: Paint;
  readonly faint: Paint;
};

const PLAIN: Style = {
  bad: (text) => text,
  good: (text) => text,
  odd: (text) => text,
  strong: (text) => text,
  faint: (text) => text,
};

const paint =
  (format: Parameters<typeof styleText>[0]): Paint =>
  (text) =>
    styleText(format, text, { validateStream: false });

const COLOURED: Style = {
  bad: paint(["bold", "red"]),
  good: paint("green"),
  odd: paint("yellow"),
  strong: paint("bold"),
  faint: paint("dim"),
};

/** Colours only where a person looks: a terminal that can show them, and no `NO_COLOR` (no-color.org: set and not empty). */
export function styleFor(isTerminal: boolean, env: Readonly<Record<string, string | undefined>>): Style {
  const refused = (env["NO_COLOR"] ?? "") !== "" || env["TERM"] === "dumb";
  return isTerminal && !refused ? COLOURED : PLAIN;
}
