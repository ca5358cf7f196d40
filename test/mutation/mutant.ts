/** One comparison turned into its opposite. */
export type Mutant = {
  readonly file: string;
  /** The line with the operator marked, which stays when lines above it come and go. */
  readonly place: string;
  readonly to: string;
  readonly text: string;
};

/** As the formatter writes them: an operator of a value has a space on either side, one of a type has not. */
const FLIPS: readonly (readonly [pattern: RegExp, to: string])[] = [
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

/** Lines that state types, imports or words for people hold no decision. */
const NO_DECISION = /^\s*(?:\/\/|\/?\*|import |export type |type |readonly |\| )/;

/** Every mutant of a source file, in the order of its lines. */
export function mutantsOf(file: string, source: string): readonly Mutant[] {
  const found: (Mutant & { readonly at: number })[] = [];
  for (const [pattern, to] of FLIPS) {
    for (const match of source.matchAll(pattern)) {
      const mutant = mutantAt(file, source, match.index, { from: match[0], to });
      if (mutant !== undefined) found.push({ ...mutant, at: match.index });
    }
  }
  return found.sort((a, b) => a.at - b.at).map(({ at, ...mutant }) => mutant);
}

function mutantAt(
  file: string,
  source: string,
  at: number,
  { from, to }: { readonly from: string; readonly to: string },
): Mutant | undefined {
  const start = source.lastIndexOf("\n", at) + 1;
  const end = source.indexOf("\n", at);
  if (NO_DECISION.test(source.slice(start, end)) || isInText(source.slice(start, at))) return undefined;
  const place = `${source.slice(start, at)}«${from.trim()}»${source.slice(at + from.length, end)}`.trim();
  return { file, place, to, text: source.slice(0, at) + to + source.slice(at + from.length) };
}

/** Whether an odd number of quotes stands before: the operator is part of a message. */
function isInText(before: string): boolean {
  const outside = before.replaceAll(/\$\{[^}]*\}/g, "").replaceAll(/\\./g, "");
  return ['"', "`"].some((quote) => (outside.split(quote).length - 1) % 2 === 1);
}

export function nameOf({ file, place, to }: Mutant): string {
  return `${file}: ${place} → ${to.trim()}`;
}
