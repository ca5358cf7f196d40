import { NO_NEEDS } from "../../domain/needs.ts";
import { satisfied } from "../judgement.ts";
import { struct, text } from "../schema.ts";
import type { RuleDefinition } from "./rule.ts";

/** Lets through whatever the policy matches, as far as this policy goes. */
export const unsafeAllow: RuleDefinition<"unsafeAllow"> = {
  kind: "unsafeAllow",
  schema: struct({ reason: text }).transform(({ reason }) => ({ kind: "unsafeAllow", reason })),
  needs: () => NO_NEEDS,
  judge: ({ reason }, { image }) => satisfied(`${image} is let through without a check: ${reason}`),
  explain: ({ reason }) => `is let through without a check: ${reason}`,
};
