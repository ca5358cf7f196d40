import { quoted } from "../../domain/quoted.ts";
import { ExpressionRefused } from "./refusal.ts";
import { readString } from "./string-literal.ts";

export type Token = { readonly at: number; readonly end: number } & (
  | { readonly kind: "name"; readonly text: string; readonly escaped: boolean }
  | { readonly kind: "string"; readonly value: string }
  | { readonly kind: "int"; readonly text: string }
  | { readonly kind: "double"; readonly text: string }
  | { readonly kind: "sign"; readonly text: string }
  | { readonly kind: "end" }
);

const BLANK = /(?:[\t\n\f\r ]|\/\/[^\n]*)+/y;
const NAME = /[_a-zA-Z][_a-zA-Z0-9]*/y;
// CEL language definition, "Syntax": ESC_IDENT, for members whose names are no identifiers.
const ESCAPED_NAME = /`([a-zA-Z0-9_.\-/ ]+)`/y;
const STRING_START = /(?:[bB][rR]?|[rR][bB]?)?["']/y;
const DOUBLE = /(?:[0-9]+\.[0-9]+(?:[eE][+-]?[0-9]+)?|[0-9]+[eE][+-]?[0-9]+|\.[0-9]+(?:[eE][+-]?[0-9]+)?)/y;
const INT = /(?:0[xX][0-9a-fA-F]+|[0-9]+)/y;
const SIGN = /\|\||&&|[<>=!]=|[<>!?:.,()[\]{}+\-*/%]/y;

/** All tokens and the end. Throws `ExpressionRefused`. */
export function tokensOf(text: string): readonly Token[] {
  const tokens: Token[] = [];
  let at = 0;
  for (;;) {
    at += matchAt(BLANK, text, at)?.[0].length ?? 0;
    const token = at >= text.length ? ({ kind: "end", at, end: at } as const) : tokenAt(text, at);
    tokens.push(token);
    if (token.kind === "end") return tokens;
    at = token.end;
  }
}

function matchAt(pattern: RegExp, text: string, at: number): RegExpExecArray | undefined {
  pattern.lastIndex = at;
  return pattern.exec(text) ?? undefined;
}

function tokenAt(text: string, at: number): Token {
  if (matchAt(STRING_START, text, at) !== undefined) return readString(text, at);
  return nameAt(text, at) ?? numberAt(text, at) ?? signAt(text, at);
}

function nameAt(text: string, at: number): Token | undefined {
  const plain = matchAt(NAME, text, at)?.[0];
  if (plain !== undefined) return { kind: "name", text: plain, escaped: false, at, end: at + plain.length };
  const [whole, inner] = matchAt(ESCAPED_NAME, text, at) ?? [];
  if (whole === undefined || inner === undefined) return undefined;
  return { kind: "name", text: inner, escaped: true, at, end: at + whole.length };
}

function numberAt(text: string, at: number): Token | undefined {
  const double = matchAt(DOUBLE, text, at)?.[0];
  const digits = double ?? matchAt(INT, text, at)?.[0];
  if (digits === undefined) return undefined;
  const end = at + digits.length;
  if (/[uU]/.test(text.charAt(end))) {
    throw new ExpressionRefused(at, `${digits}u is an unsigned integer, of which JSON has none: write ${digits}`);
  }
  return { kind: double === undefined ? "int" : "double", text: digits, at, end };
}

function signAt(text: string, at: number): Token {
  const sign = matchAt(SIGN, text, at)?.[0];
  if (sign !== undefined) return { kind: "sign", text: sign, at, end: at + sign.length };
  const odd = String.fromCodePoint(text.codePointAt(at) ?? 0);
  const hint: Readonly<Record<string, string>> = { "=": ": write == to compare", "&": ": write &&", "|": ": write ||" };
  throw new ExpressionRefused(at, `the character ${quoted(odd)} has no meaning here${hint[odd] ?? ""}`);
}
