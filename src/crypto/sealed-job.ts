import { isDigest, type Digest } from "../domain/digest.ts";
import { parseInstant, type Instant } from "../domain/instant.ts";
import type { Job, JobId } from "../domain/job.ts";
import { canonicalJson } from "./canonical-json.ts";
import type { Keyring } from "./seal-keys.ts";
import { open, seal, type SealRefusal } from "./sealed-record.ts";

/** What a queue carries for a job: what was asked and when. Priority stays outside, since it may be raised. */
export type JobTicket = { readonly job: Job; readonly submittedAt: Instant };

export type OpenedJob =
  | { readonly kind: "opened"; readonly ticket: JobTicket }
  | { readonly kind: "refused"; readonly why: SealRefusal };

const SPACE = "job";
const END_SPACE = "job-end";
const VERSION = 1;

/** Bound to the job's id: a payload copied to another job does not open. */
export function sealJob(id: JobId, ticket: JobTicket, keyring: Keyring): Uint8Array {
  const text = canonicalJson({ v: VERSION, job: ticket.job, submittedAt: ticket.submittedAt });
  return seal(Buffer.from(text), { space: SPACE, key: id }, keyring);
}

/** A payload that does not open, or is of another version, is never run. */
export function openJob(id: JobId, sealed: Uint8Array, now: Instant, keyring: Keyring): OpenedJob {
  const opened = open(sealed, { space: SPACE, key: id, now }, keyring);
  if (opened.kind === "refused") return opened;
  const payload = JSON.parse(Buffer.from(opened.payload).toString("utf8")) as {
    v: number;
    job: { kind: string; image: string };
    submittedAt: string;
  };
  if (payload.v !== VERSION || payload.job.kind !== "verify") return { kind: "refused", why: "malformed" };
  return {
    kind: "opened",
    ticket: {
      job: { kind: "verify", image: payload.job.image },
      submittedAt: parseInstant(payload.submittedAt),
    },
  };
}

/**
 * What a queue keeps of a job that is done, in base64: which verdict it reached. Bound to the job's id, so that the verdict
 * of another job of the same image, from when its tag pointed elsewhere, cannot be put in its place.
 */
export function sealJobEnd(id: JobId, verdict: Digest, keyring: Keyring): string {
  return Buffer.from(seal(Buffer.from(verdict), { space: END_SPACE, key: id }, keyring)).toString("base64");
}

/** The verdict's id, or `undefined` for an end that we did not seal for this job. */
export function openJobEnd(id: JobId, sealed: unknown, now: Instant, keyring: Keyring): Digest | undefined {
  const bytes = typeof sealed === "string" ? Buffer.from(sealed, "base64") : new Uint8Array();
  const opened = open(bytes, { space: END_SPACE, key: id, now }, keyring);
  const verdict = opened.kind === "opened" ? Buffer.from(opened.payload).toString("utf8") : "";
  return isDigest(verdict) ? verdict : undefined;
}
