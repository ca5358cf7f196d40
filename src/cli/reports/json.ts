import type { Outcome } from "../exit-code.ts";
import { printableJson } from "../terminal-text.ts";
import type { Report } from "./report.ts";

/** For machines: one image gives the verdict object as the HTTP API gives it, several give an array of them. */
export const json: Report = {
  name: "json",
  format: (outcomes) => {
    const answers = outcomes.map(answerOf);
    return printableJson(answers.length === 1 ? answers[0] : answers);
  },
};

/** An image that led to no verdict is denied all the same, and says so under the same name. */
function answerOf(outcome: Outcome): unknown {
  if (outcome.kind === "judged") return outcome.json;
  return { image: outcome.image, decision: "deny", problem: outcome.problem };
}
