import type { BaseFact, BaseHint } from "../../domain/base-image.ts";
import { describeCandidate } from "../../policy/base-candidate.ts";

/** Tags shown of one base image; an old one may have had hundreds. */
const MAX_TAGS = 3;

/** What an image was built on, by name and words: the nearest base first, and what was done to it since. */
export function baseLines(fact: BaseFact, layers: number): readonly (readonly [string, string])[] {
  const hints = fact.hints.map(hintLine);
  if (fact.kind === "unknown") return [["base", `unknown: ${fact.because}`], ...hints];
  const found = fact.candidates.flatMap((candidate): readonly (readonly [string, string])[] => {
    const spans = candidate.tags.slice(0, MAX_TAGS).map(({ leftAt, tag }) => `${tag} ${leftAt ?? "still"}`);
    const tags = spans.length === 0 ? "no tag was seen" : `tagged until: ${spans.join(", ")}`;
    const changes = candidate.changes.map(
      ({ sighting, thing }) => ["", `${thing} ${sighting.note}: /${sighting.path} in ${sighting.layer}`] as const,
    );
    return [["base", `${describeCandidate(candidate, layers)}, ${tags}`], ...changes];
  });
  return [...found, ...hints];
}

function hintLine({ digest, from, name }: BaseHint): readonly [string, string] {
  const said = [name, digest ?? ""].filter((part) => part !== "").join("@");
  return ["base said", `${said}, by its ${from}`];
}
