import { NO_NEEDS } from "../../domain/needs.ts";
import { formatDuration } from "../../domain/duration.ts";
import { instantOf, millisOf, plus, type Instant } from "../../domain/instant.ts";
import { CLOCK_SKEW_MS, parseAgeLimit } from "../age-limit.ts";
import { satisfied, unseen, violated, type Judgement } from "../judgement.ts";
import { judgePlatforms, type JudgedPlatform } from "../runnable-platforms.ts";
import { parsed, struct } from "../schema.ts";
import type { Timeline } from "../timeline.ts";
import type { RuleDefinition, RuleOf } from "./rule.ts";

/** Reproducible builds write 1970 or 1980: a date not after this one is none (reference: inspection, section 1.2). */
const FIRST_BELIEVABLE = millisOf(instantOf(Date.UTC(1990, 0, 1)));
const schema = struct({ atMost: parsed(parseAgeLimit) }).transform(({ atMost }): RuleOf<"age"> => ({
  kind: "age",
  atMostMs: atMost,
}));

function judgePlatform(atMostMs: number, time: Timeline, { facts, label }: JudgedPlatform): Judgement {
  if (facts.config.kind !== "known") return unseen(facts.config, `The build date of ${label}`);
  const { created } = facts.config.value;
  const cites = [{ kind: "config", digest: facts.digest }] as const;
  if (created === undefined || millisOf(created) <= FIRST_BELIEVABLE) {
    const message = `${label} has no believable build date${created === undefined ? "" : ` (${created})`}, so its age is unknown. Build it with the time of the build.`;
    return violated("no-date", message, cites);
  }
  const judgement = judgeAge(created, atMostMs, time);
  return { ...judgement, message: `${label} ${judgement.message}`, cites };
}

function judgeAge(created: Instant, atMostMs: number, time: Timeline): Judgement {
  if (!time.reached(plus(created, -CLOCK_SKEW_MS))) {
    return violated(
      "no-date",
      `says it was built at ${created}, which is in the future. Build it with the time of the build.`,
    );
  }
  if (!time.reached(plus(created, atMostMs))) return satisfied(`was built at ${created}.`);
  const allowed = formatDuration(atMostMs);
  return violated(
    "too-old",
    `was built at ${created}, longer ago than ${allowed}. Build it anew from current sources.`,
  );
}

/** Time since the build, by the builder's word. */
export const age: RuleDefinition<"age"> = {
  kind: "age",
  schema,
  needs: () => NO_NEEDS,
  judge: ({ atMostMs }, of) => judgePlatforms(of, (platform) => judgePlatform(atMostMs, of.time, platform)),
  explain: ({ atMostMs }) => `was built less than ${formatDuration(atMostMs)} ago, by its own word`,
};
