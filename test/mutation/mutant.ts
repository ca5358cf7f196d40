/** One comparison turned into its opposite. */
export type Mutant = {
  readonly file: string;
  /** Offset of the operator. */
  readonly at: number;
  /** The line with the operator marked, which stays when lines above it come and go. */
  readonly place: string;
  readonly to: string;
  readonly text: string;
};

type Flip = readonly [pattern: RegExp, to: string];

/** As the formatter writes them: an operator of a value has a space on either side, one of a type has not. */
const OPERATORS: readonly Flip[] = [
  [/ === /g, " !== "],
  [/ !== /g, " === "],
  [/ <= /g, " > "],
  [/ >= /g, " < "],
  [/ < /g, " >= "],
  [/ > /g, " <= "],
  [/ && /g, " || "],
  [/ \|\| /g, " && "],
  [/\.every\(/g, ".some("],
  [/\.some\(/g, ".every("],
];

/** Questions that are calls: `!` taken away, or put before what asks whether. */
const QUESTIONS: readonly Flip[] = [
  [/(?<=[\s(])!(?=[a-zA-Z(])/g, ""],
  [/(?<=[\s([])(?=(?:[a-zA-Z][\w$]*\??\.)*(?:is[A-Z]\w*|includes|has|startsWith|endsWith|test)\()/g, "!"],
  [/(?<=[\s(])(?=\/(?:[^/\n\\]|\\.)+\/[a-z]*\.test\()/g, "!"],
];

/** Lines that state types, imports or words for people hold no decision. */
const NO_DECISION = /^\s*(?:\/\/|\/?\*|import |export type |type |(?:export )?function is|readonly |\| )/;

/** Every mutant of a source file, in the order of its lines. */
export function mutantsOf(file: string, source: string): readonly Mutant[] {
  return [...OPERATORS, ...QUESTIONS]
    .flatMap(([pattern, to]) =>
      [...source.matchAll(pattern)].flatMap((match) => mutantAt(file, source, match.index, { from: match[0], to })),
    )
    .sort((a, b) => a.at - b.at);
}

function mutantAt(
  file: string,
  source: string,
  at: number,
  { from, to }: { readonly from: string; readonly to: string },
): readonly Mutant[] {
  const start = source.lastIndexOf("\n", at) + 1;
  const end = source.indexOf("\n", at);
  const before = source.slice(start, at);
  if (NO_DECISION.test(source.slice(start, end)) || isInText(before) || isInComment(source, at)) return [];
  const place = `${before}«${from.trim()}»${source.slice(at + from.length, end)}`.trim();
  return [{ file, at, place, to, text: source.slice(0, at) + to + source.slice(at + from.length) }];
}

/** Whether an odd number of quotes stands before: the operator is part of a message. */
function isInText(before: string): boolean {
  const outside = before.replaceAll(/\$\{[^}]*\}/g, "").replaceAll(/\\./g, "");
  return ['"', "`"].some((quote) => (outside.split(quote).length - 1) % 2 === 1) || /\/\/ /.test(outside);
}

/** Whether the last comment that began before has not ended. */
function isInComment(source: string, at: number): boolean {
  return source.lastIndexOf("/*", at) > source.lastIndexOf("*/", at);
}

export function nameOf({ file, place, to }: Mutant): string {
  return `${file}: ${place} → ${to === "" ? "nothing" : to.trim()}`;
}
