import { UnrecoverableError, WaitingError } from "bullmq";

import type { Digest } from "../../domain/digest.ts";
import type { JobOutcome } from "../../ports/job-queue.ts";
import { formatProblem } from "./bull-job.ts";

/** Asks BullMQ for another attempt. BullMQ keeps an error's stack; ours says nothing more than its message. */
export class RetryLater extends Error {
  override readonly name = "RetryLater";
  readonly afterMs: number | undefined;

  constructor(message: string, afterMs: number | undefined) {
    super(message);
    this.stack = "";
    this.afterMs = afterMs;
  }
}

/** How a job ends in BullMQ: a sealed value, or one of three errors. `handed-back` has already been moved to wait. */
export function endJob(
  outcome: JobOutcome | { readonly kind: "handed-back" },
  seal: (verdict: Digest) => string,
): string {
  switch (outcome.kind) {
    case "done":
      return seal(outcome.verdict);
    case "retry":
      throw new RetryLater(formatProblem(outcome), outcome.afterMs);
    case "failed":
      throw withoutStack(new UnrecoverableError(formatProblem(outcome)));
    case "handed-back":
      throw new WaitingError();
  }
}

function withoutStack(error: Error): Error {
  error.stack = "";
  return error;
}
