import type { Keyring } from "../../crypto/seal-keys.ts";
import { openJob, openJobEnd } from "../../crypto/sealed-job.ts";
import type { SealRefusal } from "../../crypto/sealed-record.ts";
import { instantOf, type Instant } from "../../domain/instant.ts";
import { priorityOf, type JobId, type JobRecord, type JobState } from "../../domain/job.ts";
import type { JobRow } from "./job-table.ts";

export type ReadJob =
  | { readonly kind: "genuine"; readonly record: JobRecord }
  | { readonly kind: "forged"; readonly record: JobRecord; readonly why: SealRefusal };

/** A row as a record. One whose payload we did not seal for this id is shown as failed, whatever the row says. */
export function readJob(row: JobRow, now: Instant, keyring: Keyring): ReadJob {
  const id = String(row["id"]) as JobId;
  const priority = priorityOf(Number(row["priority"]));
  const sealed = row["sealed"];
  const opened = openJob(id, sealed instanceof Uint8Array ? sealed : new Uint8Array(), now, keyring);
  if (opened.kind === "opened")
    return { kind: "genuine", record: { id, priority, ...opened.ticket, state: stateOf(id, row, now, keyring) } };
  return { kind: "forged", why: opened.why, record: forgedRecord(id, row, now) };
}

/** Nothing of a payload that did not open is shown, not even which image it names. */
function forgedRecord(id: JobId, row: JobRow, now: Instant): JobRecord {
  const at = row["state"] === "failed" ? instantOf(Number(row["finished_at"])) : now;
  return {
    id,
    job: { kind: "verify", image: "" },
    priority: priorityOf(Number(row["priority"])),
    submittedAt: at,
    state: { kind: "failed", problem: FORGED, at },
  };
}

export const FORGED = {
  code: "forged",
  message: "the job was not sealed by this service: someone else wrote to the queue, or the seal keys were replaced",
} as const;

function stateOf(id: JobId, row: JobRow, now: Instant, keyring: Keyring): JobState {
  const at = instantOf(Number(row["finished_at"] ?? 0));
  const problem = { code: String(row["code"] ?? ""), message: String(row["message"] ?? "") };
  switch (String(row["state"])) {
    case "waiting":
      return { kind: "waiting" };
    case "active":
      return { kind: "active", attempt: Number(row["attempt"]) };
    case "retrying":
      return {
        kind: "retrying",
        attempt: Number(row["attempt"]),
        notBefore: instantOf(Number(row["not_before"])),
        problem,
      };
    case "done": {
      const verdict = openJobEnd(id, row["verdict"], now, keyring);
      return verdict === undefined ? { kind: "failed", problem: FORGED, at } : { kind: "done", verdict, at };
    }
    default:
      return { kind: "failed", problem, at };
  }
}
