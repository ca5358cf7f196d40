import { z } from "zod";

import type { Signatories } from "../domain/policy.ts";
import type { AuthorityName } from "../domain/trust.ts";
import { some, struct, text } from "./schema.ts";

/** Members in one tree, nested ones counted. The exact search over them is then at most 2^16 short steps. */
const MAX_MEMBERS = 16;

const NAME = /^[a-z0-9](?:[a-z0-9.-]{0,61}[a-z0-9])?$/;

/** Names of authorities and policies appear in verdicts, metrics and URLs, so they are plain. */
export const name = text.regex(NAME, {
  error: "is not a name: use at most 63 lower-case letters, digits, dots and hyphens, such as release-key",
});

export const authorityName = name.transform((value) => value as AuthorityName);

const tree: z.ZodType<Signatories> = z.lazy(() => z.union([authority, threshold]));

const authority = authorityName.transform((value): Signatories => ({ kind: "authority", name: value }));

const threshold = struct({
  atLeast: z.int().min(1, { error: "is less than 1, which nobody would have to sign" }),
  of: some(tree),
})
  .superRefine(({ atLeast, of }, context) => {
    const distinct = distinctMembers(of).length;
    if (atLeast <= distinct) return;
    const message = `asks for ${atLeast} distinct members but names only ${distinct}: it could never hold`;
    context.addIssue({ code: "custom", path: ["atLeast"], message });
  })
  .transform(({ atLeast, of }): Signatories => ({ kind: "at-least", count: atLeast, of: distinctMembers(of) }));

/** `by: release-key`, or a threshold over authorities and further thresholds. */
export const signatories = tree.refine((value) => membersOf(value).length <= MAX_MEMBERS, {
  error: `names more than ${MAX_MEMBERS} members: put keys of one role into one authority`,
});

/** The same member twice is one member, wherever the second stands in the list. */
function distinctMembers(of: readonly Signatories[]): readonly Signatories[] {
  return [...new Map(of.map((member) => [formatSignatories(member), member])).values()];
}

/** Every authority a tree names, left to right, as often as it is named. */
export function membersOf(tree: Signatories): readonly AuthorityName[] {
  return tree.kind === "authority" ? [tree.name] : tree.of.flatMap(membersOf);
}

/** `release-key`, or `2 of (release-key, ci, 1 of (vendor, dct))`. */
export function formatSignatories(tree: Signatories): string {
  return tree.kind === "authority" ? tree.name : `${tree.count} of (${tree.of.map(formatSignatories).join(", ")})`;
}

/** Paths of the members that stand a second time in one `of`, in a document as it was written. */
export function duplicatedMembers(value: unknown, path: readonly PropertyKey[]): readonly (readonly PropertyKey[])[] {
  if (typeof value !== "object" || value === null) return [];
  const below = Object.entries(value).flatMap(([key, child]) =>
    duplicatedMembers(child, [...path, Array.isArray(value) ? Number(key) : key]),
  );
  if (!("of" in value) || !Array.isArray(value.of)) return below;
  const texts = value.of.map((member) => JSON.stringify(member));
  const again = texts.flatMap((member, at) => (texts.indexOf(member) < at ? [[...path, "of", at]] : []));
  return [...again, ...below];
}

/** How many distinct signers must be there at the least. */
export function fewestSigners(tree: Signatories): number {
  if (tree.kind === "authority") return 1;
  const each = tree.of.map(fewestSigners).sort((a, b) => a - b);
  return each.slice(0, tree.count).reduce((sum, one) => sum + one, 0);
}
