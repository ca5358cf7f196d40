import type { Job as BullJob } from "bullmq";

import type { Keyring } from "../../crypto/seal-keys.ts";
import { openJob, openJobEnd } from "../../crypto/sealed-job.ts";
import type { SealRefusal } from "../../crypto/sealed-record.ts";
import { instantOf, type Instant } from "../../domain/instant.ts";
import { priorityOf, type JobId, type JobProblem, type JobRecord, type JobState } from "../../domain/job.ts";

/** What stands in Redis for a job: a sealed payload in base64, and when it is done the sealed id of a verdict, to be looked up. */
export type BullData = { readonly sealed: string };
export type StoredJob = BullJob<BullData, string>;

export type ReadJob =
  | { readonly kind: "genuine"; readonly record: JobRecord }
  | { readonly kind: "forged"; readonly record: JobRecord; readonly why: SealRefusal };

/** BullMQ's word for where a job stands, and when a pause ends, if it is pausing. */
export type BullState = { readonly name: string; readonly notBefore: Instant | undefined };

/** What BullMQ writes when it gives up a job whose workers died (its moveStalledJobsToWait script). */
const STALLED = "job stalled more than allowable limit";

export const FORGED: JobProblem = {
  code: "forged",
  message: "the job was not sealed by this service: someone else wrote to the queue, or the seal keys were replaced",
};

/** One whose payload we did not seal for this id is shown as failed, whatever Redis says, and nothing of it is shown. */
export function readJob(job: StoredJob, state: BullState, now: Instant, keyring: Keyring): ReadJob {
  const id = String(job.id) as JobId;
  const priority = priorityOf(job.priority);
  const opened = openJob(id, sealedBytes(job.data), now, keyring);
  if (opened.kind === "opened") {
    return { kind: "genuine", record: { id, priority, ...opened.ticket, state: stateOf(job, state, now, keyring) } };
  }
  const at = job.finishedOn === undefined ? now : instantOf(job.finishedOn);
  const failed: JobState = { kind: "failed", problem: FORGED, at };
  const record: JobRecord = { id, job: { kind: "verify", image: "" }, priority, submittedAt: at, state: failed };
  return { kind: "forged", why: opened.why, record };
}

function sealedBytes(data: unknown): Uint8Array {
  const sealed = typeof data === "object" && data !== null && "sealed" in data ? data.sealed : undefined;
  return typeof sealed === "string" ? Buffer.from(sealed, "base64") : new Uint8Array();
}

function stateOf(job: StoredJob, state: BullState, now: Instant, keyring: Keyring): JobState {
  const at = instantOf(job.finishedOn ?? 0);
  switch (state.name) {
    case "completed": {
      const verdict = openJobEnd(String(job.id) as JobId, job.returnvalue, now, keyring);
      return verdict === undefined ? { kind: "failed", problem: FORGED, at } : { kind: "done", verdict, at };
    }
    case "failed":
      return { kind: "failed", problem: parseProblem(job.failedReason), at };
    case "active":
      return { kind: "active", attempt: job.attemptsMade + 1 };
    case "delayed":
      return {
        kind: "retrying",
        attempt: job.attemptsMade,
        notBefore: state.notBefore ?? now,
        problem: parseProblem(job.failedReason),
      };
    default:
      return { kind: "waiting" };
  }
}

/** BullMQ keeps one string a failure; ours hold both halves of a problem. */
export function formatProblem(problem: JobProblem): string {
  return JSON.stringify([problem.code, problem.message]);
}

function parseProblem(reason: unknown): JobProblem {
  if (reason === STALLED) return { code: "crashed", message: "the process died each time it ran this job" };
  try {
    const [code, message] = JSON.parse(String(reason)) as readonly unknown[];
    if (typeof code === "string" && typeof message === "string") return { code, message };
  } catch {
    // Not ours: BullMQ's own words follow.
  }
  return { code: "internal", message: String(reason).slice(0, 200) };
}
