import { addressOf, digestOf } from "../crypto/digest-of.ts";
import type { Digest } from "../domain/digest.ts";
import { hexOf } from "../domain/digest.ts";
import { plus, type Instant } from "../domain/instant.ts";
import type { JobId } from "../domain/job.ts";
import type { Clock } from "../ports/clock.ts";
import { z } from "zod";

/** What is kept of a submission: enough to give the same answer again, and nothing that could be an answer itself. */
export type Submission = { readonly body: Digest; readonly jobs: readonly JobId[] };

/** Where submissions are kept, sealed like every record. */
export interface Submissions {
  get(key: string): Promise<Uint8Array | undefined>;
  put(key: string, bytes: Uint8Array, expiresAt: Instant): Promise<void>;
}

export type SubmissionParts = { readonly submissions: Submissions; readonly clock: Clock };

/** A day covers the retries of any client; the store's own bounds may shorten it. */
const KEPT_MS = 24 * 60 * 60 * 1000;
const SET = /^set-[a-f0-9]{64}$/;

const IDS = z.array(z.string().max(128)).max(1000);
const SUBMISSION = z.strictObject({ body: z.string(), jobs: IDS });

/** The address of several jobs together: the digest of their ids, so a record cannot be swapped for another. */
function setId(jobs: readonly JobId[]): string {
  return `set-${hexOf(addressOf("verification-set", [...jobs]))}`;
}

export function isSetId(id: string): boolean {
  return SET.test(id);
}

/** Remembers jobs that were submitted together, and gives the name to ask for them by. */
export async function keepSet(parts: SubmissionParts, jobs: readonly JobId[]): Promise<string> {
  const id = setId(jobs);
  await put(parts, id, jobs);
  return id;
}

export async function findSet(parts: SubmissionParts, id: string): Promise<readonly JobId[] | undefined> {
  const jobs = await get(parts, id, IDS);
  return jobs !== undefined && setId(jobs as JobId[]) === id ? (jobs as JobId[]) : undefined;
}

/** Keys are per subject: nobody learns of another's submission by guessing its key. */
export function submissionKey(subject: string, key: string): string {
  return `idempotency-${hexOf(digestOf(JSON.stringify([subject, key])))}`;
}

export async function keepSubmission(parts: SubmissionParts, key: string, submission: Submission): Promise<void> {
  await put(parts, key, { body: submission.body, jobs: [...submission.jobs] });
}

export async function findSubmission(parts: SubmissionParts, key: string): Promise<Submission | undefined> {
  return (await get(parts, key, SUBMISSION)) as Submission | undefined;
}

async function put({ submissions, clock }: SubmissionParts, key: string, value: unknown): Promise<void> {
  await submissions.put(key, Buffer.from(JSON.stringify(value)), plus(clock.now(), KEPT_MS));
}

/** A record that cannot be read is no record. */
async function get<T>({ submissions }: SubmissionParts, key: string, schema: z.ZodType<T>): Promise<T | undefined> {
  const bytes = await submissions.get(key);
  if (bytes === undefined) return undefined;
  try {
    return schema.safeParse(JSON.parse(Buffer.from(bytes).toString())).data;
  } catch {
    return undefined;
  }
}
