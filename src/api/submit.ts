import { PortError } from "../domain/errors.ts";
import type { JobRecord, Priority } from "../domain/job.ts";
import type { ImageReference } from "../domain/reference.ts";
import type { Assay } from "../pipeline/assay.ts";
import type { Telemetry } from "../telemetry/telemetry.ts";
import type { SubjectCall } from "./route.ts";

export type Submitting = { readonly assay: Pick<Assay, "submit">; readonly telemetry: Telemetry };

export type Submitted =
  | { readonly kind: "accepted"; readonly records: readonly JobRecord[] }
  | { readonly kind: "full"; readonly retryAfterMs: number };

/** Queues one job per reference, and says in the log who asked. Throws `PortError` if the store is away. */
export async function submitJobs(
  parts: Submitting,
  call: SubjectCall,
  references: readonly ImageReference[],
  priority: Priority,
): Promise<Submitted> {
  try {
    const records = await parts.assay.submit(references, priority);
    parts.telemetry.events.jobsSubmitted(records, { subject: call.subject.name, request: call.requestId });
    return { kind: "accepted", records };
  } catch (error) {
    if (!(error instanceof PortError && error.code === "too-many")) throw error;
    return { kind: "full", retryAfterMs: error.retryAfterMs ?? 5000 };
  }
}
