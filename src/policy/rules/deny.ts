import { NO_NEEDS } from "../../domain/needs.ts";
import { violated } from "../judgement.ts";
import { struct, text } from "../schema.ts";
import type { RuleDefinition } from "./rule.ts";

/** Refuses whatever the policy matches. */
export const deny: RuleDefinition<"deny"> = {
  kind: "deny",
  schema: struct({ message: text }).transform(({ message }) => ({ kind: "deny", message })),
  needs: () => NO_NEEDS,
  judge: ({ message }, { image }) => violated("static-deny", `${image} is refused: ${message}`),
  explain: ({ message }) => `is refused: ${message}`,
};
