import { ExpressionRefused } from "./refusal.ts";
import type { Token } from "./token.ts";

const OPENING = /([bBrR]{0,2})("""|'''|"|')/y;
const SIMPLE: Readonly<Record<string, string>> = {
  a: "\u0007",
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
  v: "\v",
  "\\": "\\",
  "?": "?",
  '"': '"',
  "'": "'",
  "`": "`",
};
const CODED = /\\(?:[xX]([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-3][0-7]{2}))/y;

/** Reads the string literal that begins at an offset (CEL language definition, "String and Bytes Values"). */
export function readString(text: string, at: number): Token {
  OPENING.lastIndex = at;
  const [opening = "", prefix = "", quote = ""] = OPENING.exec(text) ?? [];
  if (/b/i.test(prefix)) throw new ExpressionRefused(at, "bytes do not occur in JSON: write a text without b");
  const body = { raw: prefix !== "", quote };
  let value = "";
  let position = at + opening.length;
  while (!text.startsWith(quote, position)) {
    const piece = pieceAt(text, position, body);
    if (piece === undefined) throw new ExpressionRefused(at, `the text that begins here has no closing ${quote}`);
    value += piece.value;
    position = piece.end;
  }
  return { kind: "string", value, at, end: position + quote.length };
}

type Piece = { readonly value: string; readonly end: number };

function pieceAt(text: string, at: number, body: { readonly raw: boolean; readonly quote: string }): Piece | undefined {
  const unit = text.charAt(at);
  if (unit === "" || (body.quote.length === 1 && /[\r\n]/.test(unit))) return undefined;
  if (unit !== "\\") return { value: unit, end: at + 1 };
  if (!body.raw) return escapeAt(text, at);
  // In a raw text a backslash is itself, but still keeps the quote after it from closing the text.
  const next = text.charAt(at + 1);
  return next === "" ? undefined : { value: unit + next, end: at + 2 };
}

function escapeAt(text: string, at: number): Piece {
  const simple = SIMPLE[text.charAt(at + 1)];
  if (simple !== undefined) return { value: simple, end: at + 2 };
  CODED.lastIndex = at;
  const match = CODED.exec(text);
  const [whole = "", short, four, eight, octal] = match ?? [];
  const hex = short ?? four ?? eight;
  const point = hex === undefined ? Number.parseInt(octal ?? "x", 8) : Number.parseInt(hex, 16);
  if (Number.isNaN(point) || point > 0x10ffff || (point >= 0xd800 && point <= 0xdfff)) {
    throw new ExpressionRefused(at, "the escape after this backslash is not one of CEL: write \\\\ for a backslash");
  }
  return { value: String.fromCodePoint(point), end: at + whole.length };
}
