import type { BaseFact, BaseHint, TagSpan } from "../../domain/base-image.ts";
import { formatRepository } from "../../domain/reference.ts";
import { field } from "./field.ts";

/** Base images shown; the JSON form has all. */
const MAX_BASES = 3;

type Found = Extract<BaseFact, { readonly kind: "found" }>["candidates"][number];

/** What the image stands on, deepest first, and what was changed of it. */
export function baseLines(base: BaseFact): readonly string[] {
  if (base.kind === "unknown") return [field("base", `unknown: ${base.because}`), ...base.hints.map(hintLine)];
  const shown = base.candidates.slice(0, MAX_BASES).flatMap(foundLines);
  const rest = base.candidates.length - MAX_BASES;
  return [...shown, ...(rest > 0 ? [field("", `and ${rest} more`)] : []), ...base.hints.map(hintLine)];
}

function foundLines(found: Found, at: number): readonly string[] {
  const name = `${formatRepository(found.repository)}@${found.digest}`;
  const share = found.isWhole
    ? "is the image itself"
    : `its lowest ${found.depth === 1 ? "layer" : `${found.depth} layers`}`;
  return [
    field(at === 0 ? "base" : "", `${name}, ${share}`),
    ...found.tags.map((span) => field("", tagText(span))),
    ...found.changes.map(({ thing, sighting }) =>
      field("", `${thing} changed above it: /${sighting.path} in ${sighting.layer}`),
    ),
  ];
}

function tagText({ tag, lastSeen, leftAt }: TagSpan): string {
  return leftAt === undefined ? `tagged ${tag}, seen so at ${lastSeen}` : `was ${tag} until ${leftAt}`;
}

function hintLine({ from, name, digest }: BaseHint): string {
  const said = digest === undefined ? name : `${name}@${digest}`;
  return field("", `${from} says ${said}, which proves nothing`);
}
