/** One way a server offers to authenticate (RFC 9110 11.6.1). Names of schemes and parameters are in lower case. */
export type Challenge = { readonly scheme: string; readonly parameters: ReadonlyMap<string, string> };

/** Longer than any honest header; the rest of the text would be somebody's attempt to keep us busy. */
const MAX_LENGTH = 8192;
const MAX_CHALLENGES = 8;
const MAX_PARAMETERS = 16;

const SPACE = /[ \t]*/y;
const SEPARATOR = /[ \t,]*/y;
const COMMA = /[ \t]*,[ \t,]*/y;
const TOKEN = /[!#$%&'*+.^_`|~0-9A-Za-z-]+/y;
const TOKEN68 = /[A-Za-z0-9._~+/-]+=*(?=[ \t]*(?:,|$))/y;
const EQUALS = /[ \t]*=[ \t]*/y;
const QUOTED = /"((?:[^"\\]|\\.)*)"/y;

/** Reads a text from left to right with sticky patterns, each of which is linear. */
class Scanner {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  get done(): boolean {
    return this.#at >= this.#text.length;
  }

  take(pattern: RegExp): RegExpExecArray | undefined {
    pattern.lastIndex = this.#at;
    const match = pattern.exec(this.#text);
    if (match !== null) this.#at = pattern.lastIndex;
    return match ?? undefined;
  }

  /** Leaves the scanner where it was if `read` finds nothing. */
  attempt<Value>(read: () => Value | undefined): Value | undefined {
    const start = this.#at;
    const value = read();
    if (value === undefined) this.#at = start;
    return value;
  }
}

/**
 * The challenges of a `WWW-Authenticate` header, in order. What cannot be read ends the list; a parameter given twice
 * takes its challenge out, since two readers could pick different ones.
 */
export function parseChallenges(header: string): readonly Challenge[] {
  if (header.length > MAX_LENGTH) return [];
  const scanner = new Scanner(header);
  const found: Challenge[] = [];
  scanner.take(SEPARATOR);
  while (!scanner.done && found.length < MAX_CHALLENGES) {
    const scheme = scanner.take(TOKEN)?.[0];
    if (scheme === undefined) break;
    scanner.take(SPACE);
    const parameters = readParameters(scanner);
    if (parameters !== undefined) found.push({ scheme: scheme.toLowerCase(), parameters });
    if (scanner.take(COMMA) === undefined) break;
  }
  return found;
}

function readParameters(scanner: Scanner): ReadonlyMap<string, string> | undefined {
  const parameters = new Map<string, string>();
  let twice = false;
  let next = scanner.attempt(() => readParameter(scanner));
  if (next === undefined) scanner.take(TOKEN68);
  while (next !== undefined && parameters.size < MAX_PARAMETERS) {
    twice ||= parameters.has(next[0]);
    parameters.set(...next);
    next = scanner.attempt(() => (scanner.take(COMMA) === undefined ? undefined : readParameter(scanner)));
  }
  return twice ? undefined : parameters;
}

function readParameter(scanner: Scanner): readonly [string, string] | undefined {
  const name = scanner.take(TOKEN)?.[0];
  if (name === undefined || scanner.take(EQUALS) === undefined) return undefined;
  const quoted = scanner.take(QUOTED)?.[1];
  const value = quoted === undefined ? scanner.take(TOKEN)?.[0] : quoted.replaceAll(/\\(.)/g, "$1");
  return value === undefined ? undefined : [name.toLowerCase(), value];
}
