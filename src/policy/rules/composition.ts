import { z } from "zod";

import { NO_NEEDS } from "../../domain/needs.ts";
import { COMPOSITION_ORDER, type CompositionClass } from "../../domain/policy.ts";
import type { Cite } from "../../domain/verdict.ts";
import { judgeContent } from "../inspected-content.ts";
import { satisfied, violated, type Judgement } from "../judgement.ts";
import { judgePlatforms, type JudgedPlatform } from "../runnable-platforms.ts";
import { struct } from "../schema.ts";
import type { RuleDefinition, RuleOf } from "./rule.ts";

const schema = struct({ atMost: z.enum(COMPOSITION_ORDER) }).transform(({ atMost }): RuleOf<"composition"> => ({
  kind: "composition",
  atMost,
}));

function rank(one: CompositionClass): number {
  return COMPOSITION_ORDER.indexOf(one);
}

function judgePlatform(atMost: CompositionClass, platform: JudgedPlatform): Judgement {
  return judgeContent(platform, (content) => {
    const cites = content.sightings.map(({ layer, path }): Cite => ({ kind: "layer", digest: layer, path }));
    const made = `${platform.label} is ${content.class}: ${content.because}.`;
    if (rank(content.class) >= 0 && rank(content.class) <= rank(atMost)) return satisfied(made, cites);
    return violated(
      "composition",
      `${made} This policy allows at most ${atMost}. Build on a smaller base image.`,
      cites,
    );
  });
}

/** How much the image holds besides the application, by class. */
export const composition: RuleDefinition<"composition"> = {
  kind: "composition",
  schema,
  needs: () => ({ ...NO_NEEDS, layers: "always" }),
  judge: ({ atMost }, of) => judgePlatforms(of, (platform) => judgePlatform(atMost, platform)),
  explain: ({ atMost }) =>
    `is made of no more than ${atMost} (${COMPOSITION_ORDER.slice(0, rank(atMost) + 1).join(", ")})`,
};
