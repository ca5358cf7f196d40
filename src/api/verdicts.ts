import type { ImageReference } from "../domain/reference.ts";
import type { Answer, Assay, Unresolved } from "../pipeline/assay.ts";
import { Deadline, untilAborted } from "./deadline.ts";
import { outOfScope, readableReference } from "./image-in-scope.ts";
import { parseWait, preferenceApplied } from "./prefer.ts";
import { problem, problemJson, problemReply, slugOf, type ProblemJson, type ProblemSlug } from "./problem.ts";
import { bytesReply, JSON_TYPE, type Headers, type Reply } from "./reply.ts";
import { route, type Route, type SubjectCall } from "./route.ts";
import { verdictQuerySchema, verdictSchema } from "./schemas.ts";
import { isAtLeast } from "./subject.ts";
import { submitJobs, type Submitting } from "./submit.ts";
import { verdictBytes } from "./verdict-bytes.ts";

export type VerdictParts = Submitting & { readonly assay: Assay; readonly tagMaxAgeMs: number };

/** A look-up makes at most one request to a registry. */
const LOOK_UP_MS = 10_000;
/** A gap is believed for five seconds (DESIGN, rule 3). */
const RETRY_AFTER = { "retry-after": "5" } as const;

export const IMAGE_PROBLEMS: readonly ProblemSlug[] = [
  "reference",
  "digest",
  "image-not-found",
  "image-unusable",
  "registry-unusable",
  "registry-rate-limited",
  "store-unavailable",
  "timeout",
];

export function verdictRoute(parts: VerdictParts): Route {
  return route({
    method: "GET",
    path: "/v1/verdicts",
    access: "reader",
    fast: true,
    summary: "The verdict in force for an image",
    description:
      "Answers from what is stored, with at most one HEAD to see where a tag points. Where no verdict is in force the answer is the problem `unknown`; a caller who may submit has then queued a verification, or, with `Prefer: wait`, waits for one.",
    query: verdictQuerySchema,
    prefersWait: true,
    answers: [{ status: 200, description: "The verdict", type: "application/json", schema: verdictSchema }],
    problems: ["unknown", ...IMAGE_PROBLEMS],
    handle: (call, { query }) => lookUp(parts, call, query.image),
  });
}

async function lookUp(parts: VerdictParts, call: SubjectCall, image: string): Promise<Reply> {
  const reference = readableReference(call.subject, image);
  if (reference === undefined) return outOfScope(image);
  const stored = await inForce(parts, reference, call.signal);
  if (stored !== undefined) return answerReply(stored);
  if (!isAtLeast(call.subject, "submitter")) return unknown(image, { queued: false });
  const seconds = parseWait(call.req.headers["prefer"] as string | undefined);
  const fresh = seconds === 0 ? undefined : await verifyWithin(parts.assay, reference, call, seconds);
  if (fresh !== undefined) return answerReply(fresh, preferenceApplied(seconds));
  return queue(parts, call, { reference, image }, preferenceApplied(seconds));
}

/** What is stored for a digest is found without the world, and needs no deadline. */
export async function inForce(
  parts: Pick<VerdictParts, "assay" | "tagMaxAgeMs">,
  reference: ImageReference,
  signal: AbortSignal,
): Promise<Answer | undefined> {
  const options = { tagMaxAgeMs: parts.tagMaxAgeMs };
  if (reference.kind === "digest") return parts.assay.inForce(reference, options, signal);
  using deadline = new Deadline(LOOK_UP_MS, signal);
  return await parts.assay.inForce(reference, options, deadline.signal);
}

/** `undefined` if the time the caller gave was not enough. */
async function verifyWithin(
  assay: Assay,
  reference: ImageReference,
  call: SubjectCall,
  seconds: number,
): Promise<Answer | undefined> {
  using deadline = new Deadline(seconds * 1000, call.signal, call.stopping);
  const { signal } = deadline;
  const verification = assay.verify(reference, signal).catch((error: unknown) => {
    // Our own deadline is no failure of the image's; whatever else happened is.
    if (signal.aborted) return undefined;
    throw error;
  });
  return await untilAborted(verification, signal);
}

async function queue(
  parts: VerdictParts,
  call: SubjectCall,
  asked: { readonly reference: ImageReference; readonly image: string },
  headers: Headers,
): Promise<Reply> {
  const submitted = await submitJobs(parts, call, [asked.reference], "interactive");
  const job = submitted.kind === "accepted" ? submitted.records[0] : undefined;
  if (job === undefined) return unknown(asked.image, { queued: false }, headers);
  return unknown(asked.image, { queued: true, job: `/v1/verifications/${job.id}` }, headers);
}

function unknown(image: string, more: { readonly queued: boolean; readonly job?: string }, headers?: Headers): Reply {
  const detail = more.queued
    ? "A verification is queued; ask again, or follow the job."
    : "No verification was queued; submit one, or ask somebody who may.";
  return problem(
    "unknown",
    detail,
    { image, decision: "deny", retryable: true, ...more },
    {
      ...headers,
      ...(more.queued ? { "retry-after": "2" } : {}),
    },
  );
}

function answerReply(answer: Answer, headers: Headers = {}): Reply {
  if (answer.kind === "judged")
    return bytesReply(200, verdictBytes(answer.verdict), { "content-type": JSON_TYPE, ...headers });
  return problemReply(unresolvedJson(answer), { ...headers, ...(answer.retryable ? RETRY_AFTER : {}) });
}

/** An image that could not be resolved is denied, and the problem says so. */
export function unresolvedJson(answer: Unresolved): ProblemJson {
  const { image, code, message, retryable } = answer;
  return problemJson(slugOf(code), message, { image, decision: "deny", code, retryable });
}
