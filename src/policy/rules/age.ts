import { buildDateOf, type BuildDate } from "../../domain/build-date.ts";
import { NO_NEEDS } from "../../domain/needs.ts";
import { formatDuration } from "../../domain/duration.ts";
import { plus } from "../../domain/instant.ts";
import { CLOCK_SKEW_MS, parseAgeLimit } from "../age-limit.ts";
import { satisfied, unseen, violated, type Judgement } from "../judgement.ts";
import { judgePlatforms, type JudgedPlatform } from "../runnable-platforms.ts";
import { parsed, struct } from "../schema.ts";
import type { Timeline } from "../timeline.ts";
import type { RuleDefinition, RuleOf } from "./rule.ts";

const schema = struct({ atMost: parsed(parseAgeLimit) }).transform(({ atMost }): RuleOf<"age"> => ({
  kind: "age",
  atMostMs: atMost,
}));

function judgePlatform(atMostMs: number, time: Timeline, { facts, label }: JudgedPlatform): Judgement {
  if (facts.config.kind !== "known") return unseen(facts.config, `The build date of ${label}`);
  const { created } = facts.config.value;
  const cites = [{ kind: "config", digest: facts.digest }] as const;
  const built = buildDateOf(facts.config.value);
  if (built === undefined) {
    const message = `${label} has no believable build date${created === undefined ? "" : ` (${created})`}, neither of its own nor in its history, so its age is unknown. Build it with the time of the build.`;
    return violated("no-date", message, cites);
  }
  const judgement = judgeAge(built, atMostMs, time);
  return { ...judgement, message: `${label} ${judgement.message}`, cites };
}

function judgeAge({ at, source }: BuildDate, atMostMs: number, time: Timeline): Judgement {
  const when = `${at}, as ${source} says`;
  if (!time.reached(plus(at, -CLOCK_SKEW_MS))) {
    return violated("no-date", `was built at ${when}, which is in the future. Build it with the time of the build.`);
  }
  if (!time.reached(plus(at, atMostMs))) return satisfied(`was built at ${when}.`);
  const allowed = formatDuration(atMostMs);
  return violated("too-old", `was built at ${when}, longer ago than ${allowed}. Build it anew from current sources.`);
}

/** Time since the build, by the builder's word. */
export const age: RuleDefinition<"age"> = {
  kind: "age",
  schema,
  needs: () => NO_NEEDS,
  judge: ({ atMostMs }, of) => judgePlatforms(of, (platform) => judgePlatform(atMostMs, of.time, platform)),
  explain: ({ atMostMs }) => `was built less than ${formatDuration(atMostMs)} ago, by its own word`,
};
