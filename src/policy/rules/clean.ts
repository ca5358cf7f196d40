import { z } from "zod";

import { isLayerLint, LINTS, type Flaw, type Lint } from "../../domain/lint.ts";
import { NO_NEEDS } from "../../domain/needs.ts";
import type { Cite } from "../../domain/verdict.ts";
import { judgeContent } from "../inspected-content.ts";
import { allOf, satisfied, unseen, violated, type Judgement } from "../judgement.ts";
import { judgePlatforms, type JudgedPlatform } from "../runnable-platforms.ts";
import { some } from "../schema.ts";
import type { RuleDefinition, RuleOf } from "./rule.ts";

const schema = some(z.enum(LINTS)).transform((lints): RuleOf<"clean"> => ({
  kind: "clean",
  lints: [...new Set(lints)],
}));

/** Flaws told of one lint; the cites hold them all. */
const FLAWS_SHOWN = 3;

/** Every lint by itself: what one found is not made uncertain by what another could not see. */
function judgePlatform(lints: readonly Lint[], platform: JudgedPlatform): Judgement {
  const judged = lints.map((lint) => judgeLint(lint, platform));
  const worst = allOf(judged);
  if (worst.outcome !== "satisfied") return worst;
  const cites = [{ kind: "config", digest: platform.facts.digest }] as const;
  return satisfied(`${platform.label} passes ${lintsNamed(lints)}.`, cites);
}

function judgeLint(lint: Lint, platform: JudgedPlatform): Judgement {
  const { facts, label } = platform;
  const answer = facts.lints[lint];
  const judged =
    answer.kind === "known"
      ? judgeFlaws(lint, answer.value, platform)
      : unseen(answer, `What the lint ${lint} looks at in ${label}`);
  const isUnreadable = facts.composition.kind === "known" && facts.composition.value.kind === "uninspectable";
  return isLayerLint(lint) && isUnreadable ? judgeContent(platform, () => judged) : judged;
}

function judgeFlaws(lint: Lint, flaws: readonly Flaw[], { facts, label }: JudgedPlatform): Judgement {
  if (flaws.length === 0) return satisfied(`${label} passes ${lintsNamed([lint])}.`);
  const shown = flaws.slice(0, FLAWS_SHOWN).map(({ what }) => what);
  const more = flaws.length - shown.length;
  const message = `${label} fails the lint ${lint}: ${shown.join("; ")}${more > 0 ? `; and ${more} more` : ""}.`;
  return violated("unclean", message, citesOf(facts.digest, flaws));
}

function lintsNamed(lints: readonly Lint[]): string {
  return `the lint${lints.length === 1 ? "" : "s"} ${lints.join(", ")}`;
}

function citesOf(digest: JudgedPlatform["facts"]["digest"], flaws: readonly Flaw[]): readonly Cite[] {
  const layers = flaws.flatMap(({ sighting }): readonly Cite[] =>
    sighting === undefined ? [] : [{ kind: "layer", digest: sighting.layer, path: sighting.path }],
  );
  return flaws.length > layers.length ? [{ kind: "config", digest }, ...layers] : layers;
}

/** Questions of good practice that must find nothing. */
export const clean: RuleDefinition<"clean"> = {
  kind: "clean",
  schema,
  needs: ({ lints }) => ({ ...NO_NEEDS, layers: lints.some(isLayerLint) ? "always" : "never" }),
  judge: ({ lints }, of) => judgePlatforms(of, (platform) => judgePlatform(lints, platform)),
  explain: ({ lints }) => `passes ${lintsNamed(lints)}`,
};
