import type { z } from "zod";

import { InputError } from "../../domain/errors.ts";
import { quoted } from "../../domain/quoted.ts";
import { compileTextMatch, matchesEverything, strangerMatched } from "../../domain/text-match.ts";
import type { KeylessIdentity, TextMatch } from "../../domain/trust.ts";
import { struct, text } from "../schema.ts";
import type { AuthorityFiles } from "./authority.ts";

type Written = "issuer" | "subject";

/** Each of the two as a text, as a glob, or as a regular expression of RE2 that must match all of it. */
export const identity = struct({
  issuer: text.optional(),
  issuerPattern: text.optional(),
  issuerRegExp: text.optional(),
  subject: text.optional(),
  subjectPattern: text.optional(),
  subjectRegExp: text.optional(),
});

type Identity = z.output<typeof identity>;

/** Always returns; what is missing, said twice or too broad is reported as a problem. */
export function loadIdentities(
  identities: readonly Identity[],
  ownPki: boolean,
  files: AuthorityFiles,
): readonly KeylessIdentity[] {
  return identities.map((one, at) => {
    const place = ["identities", at];
    const issuer = loadMatch(one, "issuer", place, files);
    if (issuer === undefined && !ownPki) {
      files.problem(
        place,
        "names no issuer: write issuer, issuerPattern or issuerRegExp, for anybody can vouch for a name",
      );
    }
    const subject = loadMatch(one, "subject", place, files);
    if (subject === undefined) {
      files.problem(
        place,
        "names no subject: write subject, subjectPattern or subjectRegExp, for an issuer vouches for many",
      );
    }
    return { issuer, subject: subject ?? { kind: "exact", text: "" } };
  });
}

function loadMatch(
  one: Identity,
  what: Written,
  place: readonly PropertyKey[],
  files: AuthorityFiles,
): TextMatch | undefined {
  const found = writtenIn(one, what);
  const [first, second] = found;
  if (second !== undefined) {
    files.problem([...place, second.field], `and ${first?.field} both say who the ${what} is: keep one`);
  }
  if (first !== undefined) checkMatch(first, [...place, first.field], files);
  return first?.match;
}

type Found = { readonly field: string; readonly match: TextMatch };

function writtenIn(one: Identity, what: Written): readonly Found[] {
  const exact = one[what];
  const glob = one[`${what}Pattern`];
  const re2 = one[`${what}RegExp`];
  return [
    ...(exact === undefined ? [] : [{ field: what, match: { kind: "exact", text: exact } as const }]),
    ...(glob === undefined ? [] : [{ field: `${what}Pattern`, match: { kind: "glob", pattern: glob } as const }]),
    ...(re2 === undefined ? [] : [{ field: `${what}RegExp`, match: { kind: "re2", pattern: re2 } as const }]),
  ];
}

function checkMatch({ field, match }: Found, at: readonly PropertyKey[], files: AuthorityFiles): void {
  if (match.kind === "exact" && match.text.includes("*")) {
    files.warning(at, `holds a *, which means itself here: write ${field}Pattern for any text in its place`);
  }
  try {
    compileTextMatch(match);
    if (matchesEverything(match)) {
      files.problem(at, "matches everybody: write who is meant");
      return;
    }
    const stranger = strangerMatched(match);
    if (stranger !== undefined) files.warning(at, `also matches strangers, such as ${quoted(stranger)}`);
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    files.problem(at, error.message);
  }
}
