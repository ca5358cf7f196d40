import { z } from "zod";

import type { AttestationQuery, AttestedContent } from "../domain/policy.ts";
import { parseAgeLimit } from "./age-limit.ts";
import { compileExpression } from "./cel/expression.ts";
import { parsePredicateType } from "./predicate-type.ts";
import { lines, parsed, struct } from "./schema.ts";
import { fewestSigners, formatSignatories, signatories } from "./signatories.ts";
import { STATEMENT_NAMES } from "./statement-condition.ts";

/** Statements that are joined; each further one multiplies the combinations that are tried. */
const MOST_JOINED = 4;

const query = struct({
  by: signatories,
  predicateType: parsed(parsePredicateType),
  where: lines.optional(),
  notOlderThan: parsed(parseAgeLimit).optional(),
  select: z.enum(["latest", "any", "all"]).default("latest"),
})
  .superRefine(({ where }, context) => refuseExpression(where, STATEMENT_NAMES, context))
  .transform(({ by, predicateType, where, notOlderThan, select }): AttestationQuery => ({
    by,
    predicateType,
    where,
    notOlderThanMs: notOlderThan,
    select,
  }));

type Context = { readonly addIssue: (issue: { code: "custom"; path: PropertyKey[]; message: string }) => void };

/** Expressions are read when the policy is, so that a mistake in one never waits for an image. */
function refuseExpression(where: string | undefined, names: readonly string[], context: Context): void {
  if (where === undefined) return;
  const compiled = compileExpression(where, names);
  if (compiled.kind === "compiled") return;
  context.addIssue({
    code: "custom",
    path: ["where"],
    message: `${placeIn(where, compiled.offset)}: ${compiled.message}`,
  });
}

/** `line 2, character 7` of an expression, or `character 7` where it has one line. */
function placeIn(text: string, offset: number): string {
  const before = text.slice(0, offset).split("\n");
  const character = `character ${(before.at(-1)?.length ?? 0) + 1}`;
  return text.trimEnd().includes("\n") ? `line ${before.length}, ${character}` : character;
}

/** A name of a joined statement is a name in the expression. */
const joinedName = z.string().regex(/^[a-z][a-zA-Z0-9_]{0,31}$/, {
  error: "is not a name for a joined statement: use letters, digits and _, beginning with a lower-case letter",
});

const join = struct({ join: z.record(joinedName, query), where: lines })
  .superRefine(({ join, where }, context) => {
    for (const [path, message] of misjoined(join)) context.addIssue({ code: "custom", path: [...path], message });
    refuseExpression(where, Object.keys(join), context);
    const unread = unreadNames(join, where);
    for (const name of unread) {
      const message = "is joined, but where says nothing of it: give it a rule of its own";
      context.addIssue({ code: "custom", path: ["join", name], message });
    }
  })
  .transform(({ join, where }): AttestedContent => ({ kind: "join", queries: join, where }));

type Problem = readonly [readonly PropertyKey[], string];

function misjoined(join: Readonly<Record<string, AttestationQuery>>): readonly Problem[] {
  const names = Object.keys(join);
  const count: readonly Problem[] =
    names.length >= 2 && names.length <= MOST_JOINED
      ? []
      : [
          [
            ["join"],
            `has ${names.length} statements: name 2 to ${MOST_JOINED}, or write by and predicateType without join`,
          ],
        ];
  // One statement of any would do, while several signers are asked for: which of theirs it is would be open.
  const several = Object.entries(join).filter(([, { by, select }]) => select === "any" && fewestSigners(by) > 1);
  const loose = several.map(([name, { by }]): Problem => {
    const message = `any one statement would do, but ${formatSignatories(by)} are asked for: write latest or all`;
    return [["join", name, "select"], message];
  });
  return [...count, ...loose];
}

function unreadNames(join: Readonly<Record<string, AttestationQuery>>, where: string): readonly string[] {
  const names = Object.keys(join);
  const compiled = compileExpression(where, names);
  if (compiled.kind === "refused") return [];
  return names.filter((name) => !compiled.expression.paths.some(([first]) => first === name));
}

/** `{ by, predicateType, … }`, or `{ join: { name: { by, predicateType, … }, … }, where }`. */
export const attestedContent: z.ZodType<AttestedContent> = z.union([
  query.transform((query): AttestedContent => ({ kind: "single", query })),
  join,
]);
