import { InputError } from "./errors.ts";
import { quoted } from "./quoted.ts";

/** One attribute of a name, such as `O` and `acme-rockets.io`; a type without a short name is its dotted object identifier. */
export type NameAttribute = { readonly type: string; readonly value: string };

/** A name's relative parts, each of one attribute or more, in the order in which a certificate has them. */
export type DistinguishedName = readonly (readonly NameAttribute[])[];

/** Short names of attribute types (RFC 4514 section 3, RFC 5280 appendix A) by object identifier. */
export const ATTRIBUTE_TYPES: ReadonlyMap<string, string> = new Map([
  ["2.5.4.3", "CN"],
  ["2.5.4.5", "SERIALNUMBER"],
  ["2.5.4.6", "C"],
  ["2.5.4.7", "L"],
  ["2.5.4.8", "ST"],
  ["2.5.4.9", "STREET"],
  ["2.5.4.10", "O"],
  ["2.5.4.11", "OU"],
  ["2.5.4.17", "POSTALCODE"],
  ["0.9.2342.19200300.100.1.1", "UID"],
  ["0.9.2342.19200300.100.1.25", "DC"],
  ["1.2.840.113549.1.9.1", "EMAILADDRESS"],
]);

const KNOWN = new Set(ATTRIBUTE_TYPES.values());
const ALIASES: ReadonlyMap<string, string> = new Map([
  ["S", "ST"],
  ["E", "EMAILADDRESS"],
]);
const OBJECT_IDENTIFIER = /^[0-2](?:\.(?:0|[1-9][0-9]{0,18})){1,16}$/;

/** Longer than any subject; the text is an operator's, and read once. */
const MAX_CHARACTERS = 4096;

/**
 * A name as text (RFC 4514), parts separated by commas or semicolons and in any order. Several attributes in one part, and
 * values in `#` form, are refused: a certificate is not matched by them. Throws `InputError`.
 */
export function parseDistinguishedName(text: string): readonly NameAttribute[] {
  if (text.length > MAX_CHARACTERS) refuse(text, `is longer than ${MAX_CHARACTERS} characters`);
  return splitParts(text).map((part) => parseAttribute(part, text));
}

function refuse(text: string, cause: string): never {
  throw new InputError("policy", `the distinguished name ${quoted(text, 200)} ${cause}`);
}

/** At commas and semicolons that no backslash stands before. */
function splitParts(text: string): readonly string[] {
  const parts: string[] = [];
  let start = 0;
  for (let at = 0; at < text.length; at++) {
    if (text[at] === "\\") at += 1;
    else if (text[at] === "," || text[at] === ";") {
      parts.push(text.slice(start, at));
      start = at + 1;
    }
  }
  return [...parts, text.slice(start)];
}

function parseAttribute(part: string, text: string): NameAttribute {
  const at = part.indexOf("=");
  if (at < 0) refuse(text, "has a part without =: write it as C=US, ST=WA, O=acme");
  const written = part.slice(0, at).trim().toUpperCase();
  const type = ALIASES.get(written) ?? ATTRIBUTE_TYPES.get(written) ?? written;
  if (!KNOWN.has(type) && !OBJECT_IDENTIFIER.test(type)) {
    refuse(text, `has the unknown attribute ${quoted(written, 40)}: known are ${[...KNOWN].join(", ")}`);
  }
  const value = unescaped(part.slice(at + 1), text);
  return value === "" ? refuse(text, `has an empty ${type}`) : { type, value };
}

/** Plain characters, and pairs of a backslash with a character or with two hexadecimal digits of UTF-8. */
const PIECE = /[^\\"+<>\p{Cc}]+|(?:\\[0-9A-Fa-f]{2})+|\\[ "#+,;<=>\\]/gu;

/** Spaces around a value mean nothing unless a backslash stands before them (RFC 4514 section 3). */
function unescaped(written: string, text: string): string {
  const left = written.trimStart();
  if (left.startsWith("#"))
    refuse(text, 'has a value that begins with "#": write the value itself, or escape the sign');
  const pieces = left.match(PIECE) ?? [];
  if (pieces.join("") !== left) {
    refuse(text, 'has a character that must be escaped with a backslash (one of " + < > \\), or a broken escape');
  }
  const last = pieces.length - 1;
  return pieces.map((piece, at) => unescapedPiece(at === last ? withoutSpaces(piece) : piece, text)).join("");
}

function withoutSpaces(piece: string): string {
  return piece.startsWith("\\") ? piece : piece.replace(/ +$/, "");
}

function unescapedPiece(piece: string, text: string): string {
  if (!piece.startsWith("\\")) return piece;
  if (!/^\\[0-9A-Fa-f]{2}/.test(piece)) return piece.slice(1);
  try {
    return decodeURIComponent(piece.replaceAll("\\", "%"));
  } catch (error) {
    if (error instanceof URIError) return refuse(text, "has escaped bytes that are not UTF-8");
    throw error;
  }
}

/** RFC 4514 section 2.1: the last part first. */
export function formatDistinguishedName(name: DistinguishedName): string {
  return name
    .toReversed()
    .map((part) => part.map(({ type, value }) => `${type}=${escaped(value)}`).join("+"))
    .join(",");
}

function escaped(value: string): string {
  return value
    .replaceAll(/[",+;<>\\]|^[ #]| $/g, (character) => `\\${character}`)
    .replaceAll(/\p{Cc}/gu, (character) => encodeURIComponent(character).replaceAll("%", "\\").toLowerCase());
}
