import { RE2JS } from "re2js";

import { InputError } from "./errors.ts";
import type { TextMatch } from "./trust.ts";

/** Whether a text is the one that is meant, all of it. */
export type MatchText = (text: string) => boolean;

/** Longer than any subject or issuer that is written on purpose. */
const MAX_PATTERN = 1024;
/** States of a compiled expression: beyond it one match costs more than checking a signature. */
const MAX_PROGRAM = 600;
/** Longer texts are in no certificate of a service, and match nothing but themselves. */
const MAX_TEXT = 2048;

/**
 * Compiles a match, which is always of the whole text, by an engine whose time is linear in the text (RE2 syntax: neither
 * look-around nor back-references). In a glob `*` stays between slashes and `**` crosses them. Throws `InputError`.
 */
export function compileTextMatch(match: TextMatch): MatchText {
  if (match.kind === "exact") return (text) => text === match.text;
  const expression = compile(match.kind === "glob" ? globExpression(match.pattern) : match.pattern, match);
  return (text) => text.length <= MAX_TEXT && expression.testExact(text);
}

function compile(source: string, { pattern }: { readonly pattern: string }): RE2JS {
  if (pattern === "") throw new InputError("policy", "the pattern is empty: write the text that is meant");
  if (pattern.length > MAX_PATTERN) {
    throw new InputError("policy", `the pattern is longer than ${MAX_PATTERN} characters: name what is meant`);
  }
  const expression = tryCompiling(source);
  if (expression.programSize() <= MAX_PROGRAM) return expression;
  throw new InputError("policy", "the pattern repeats too much to be matched quickly: write a simpler one");
}

function tryCompiling(source: string): RE2JS {
  try {
    return RE2JS.compile(source);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : "it cannot be read";
    throw new InputError("policy", `the pattern is no regular expression of RE2: ${why}`, { cause });
  }
}

function globExpression(glob: string): string {
  const parts = glob.split(/(\*+)/);
  return parts.map((part) => (part === "*" ? "[^/]*" : part.startsWith("*") ? "(?s:.*)" : RE2JS.quote(part))).join("");
}

/** Names that nobody would mean all of, and that have nothing in common. */
const STRANGERS = [
  "https://github.com/qzjx-4711/vkwp/.github/workflows/zyx.yml@refs/heads/qjxw",
  "https://jqzx.example/zkvw/qqjj//.gitlab-ci.yml@refs/tags/7.7.7",
  "wqxzj.vkjq+zz@qzxjv.example",
  "spiffe://zzqq.example/ns/vkw/sa/jqx",
  "7f3e9c61-55aa-4b0e-9d2f-0c8e1b7a6d34",
] as const;

/** Whether a pattern lets everybody pass, or names nobody at all. */
export function matchesEverything(match: TextMatch): boolean {
  if (match.kind === "exact") return false;
  const matches = compileTextMatch(match);
  return STRANGERS.every(matches) || (match.kind === "glob" && !/[\p{L}\p{N}]/u.test(match.pattern));
}

/** A stranger whom a pattern lets pass, if it does. */
export function strangerMatched(match: TextMatch): string | undefined {
  return match.kind === "exact" ? undefined : STRANGERS.find(compileTextMatch(match));
}
