import { quoted } from "../../domain/quoted.ts";
import type { CollectionFiles, CollectionOutcome, Question } from "./collection.ts";
import { refused } from "./refusal.ts";
import { verifySteps } from "./verify-steps.ts";

/**
 * Verifies a whole trust collection out of files at hand: the client workflow of the TUF specification as Notary v1 has it.
 * No clock: what expires says when. Never throws.
 */
export function verifyCollection(files: CollectionFiles, question: Question): CollectionOutcome {
  const steps = verifySteps(question);
  let turn = steps.next();
  while (turn.done !== true) {
    const { file } = turn.value;
    if (!files.has(file))
      return refused("fetched", "missing-document", `the file ${quoted(file, 120)} was not collected`);
    turn = steps.next(files.get(file));
  }
  return turn.value;
}
