import { addressOf } from "../crypto/digest-of.ts";
import { InputError } from "../domain/errors.ts";
import type { JobId, Priority } from "../domain/job.ts";
import { parseReference, referenceKey, type ImageReference } from "../domain/reference.ts";
import type { Assay } from "../pipeline/assay.ts";
import { outOfScope } from "./image-in-scope.ts";
import { isTerminal, jobsJson } from "./job-json.ts";
import { problem } from "./problem.ts";
import { jsonReply, type Reply } from "./reply.ts";
import { route, type Route, type SubjectCall } from "./route.ts";
import { jobsSchema, submissionSchema } from "./schemas.ts";
import { isInScope } from "./subject.ts";
import {
  findSubmission,
  keepSet,
  keepSubmission,
  submissionKey,
  type Submission,
  type SubmissionParts,
} from "./submission-store.ts";
import { submitJobs, type Submitting } from "./submit.ts";
import { waitForJobs } from "./verification-set.ts";

export type SubmissionRouteParts = Submitting & SubmissionParts & { readonly assay: Assay };

type Asked = {
  readonly images: readonly string[];
  readonly references: readonly ImageReference[];
  readonly priority: Priority;
};

const KEY = /^[\x21-\x7e]{1,255}$/;

export function submissionRoute(parts: SubmissionRouteParts): Route {
  /** Submissions under way by key: a retry that overtakes its original joins it. */
  const underWay = new Map<string, Promise<Submission | Reply>>();
  return route({
    method: "POST",
    path: "/v1/verifications",
    access: "submitter",
    summary: "Submit images for verification",
    description:
      "One job per image. `Location` names the job, or the jobs together where there are several. With `Prefer: wait` the answer is 200 once all are terminal. An `Idempotency-Key` makes a retry give the same jobs for a day. There is no context of a cluster here: policies that match on namespaces, labels or operations apply at admission only.",
    body: submissionSchema,
    prefersWait: true,
    answers: [
      { status: 200, description: "All are terminal", type: "application/json", schema: jobsSchema },
      { status: 202, description: "Accepted", type: "application/json", schema: jobsSchema },
    ],
    problems: ["reference", "digest", "queue-full", "store-unavailable", "idempotency-conflict"],
    handle: async (call, { body }) => {
      const asked = { images: body.images, references: parseAll(body.images), priority: body.priority };
      return (await refuseEarly(call, asked)) ?? submitOnce(parts, underWay, call, asked);
    },
  });
}

function parseAll(images: readonly string[]): readonly ImageReference[] {
  return images.map((image, index) => {
    try {
      return parseReference(image);
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      throw new InputError(error.code, `images[${index}]: ${error.message}`, { cause: error });
    }
  });
}

async function refuseEarly(call: SubjectCall, asked: Asked): Promise<Reply | undefined> {
  const index = asked.references.findIndex((reference) => !isInScope(call.subject, reference.repository));
  if (index !== -1) return outOfScope(asked.images[index] ?? "");
  return call.charge(asked.images.length - 1);
}

async function submitOnce(
  parts: SubmissionRouteParts,
  underWay: Map<string, Promise<Submission | Reply>>,
  call: SubjectCall,
  asked: Asked,
): Promise<Reply> {
  const given = call.req.headers["idempotency-key"];
  if (given === undefined) return answer(parts, call, await submit(parts, call, asked));
  if (typeof given !== "string" || !KEY.test(given))
    return problem("request", "Idempotency-Key must be 1 to 255 printable ASCII characters without spaces.");
  const key = submissionKey(call.subject.name, given);
  const running = underWay.get(key) ?? submitUnder(parts, call, asked, key);
  if (!underWay.has(key)) {
    underWay.set(key, running);
    void running.catch(() => undefined).finally(() => underWay.delete(key));
  }
  const submission = await running;
  if ("body" in submission && "jobs" in submission && submission.body !== addressOfBody(asked))
    return problem("idempotency-conflict", "The key came with another body before; use a new key for a new request.");
  return answer(parts, call, submission);
}

function addressOfBody(asked: Asked): Submission["body"] {
  return addressOf("submission", { images: asked.images, priority: asked.priority });
}

/**
 * A kept submission counts only if its jobs are still there and name just these images: what the store says of it is a
 * hint, and a hint that does not fit is as none.
 */
async function submitUnder(
  parts: SubmissionRouteParts,
  call: SubjectCall,
  asked: Asked,
  key: string,
): Promise<Submission | Reply> {
  const kept = await findSubmission(parts, key);
  if (kept !== undefined && (kept.body !== addressOfBody(asked) || (await isIntact(parts.assay, kept, asked))))
    return kept;
  const submission = await submit(parts, call, asked);
  if ("jobs" in submission) await keepSubmission(parts, key, submission);
  return submission;
}

async function isIntact(assay: Assay, kept: Submission, asked: Asked): Promise<boolean> {
  if (kept.jobs.length !== asked.references.length) return false;
  for (const [index, id] of kept.jobs.entries()) {
    const view = await assay.job(id);
    const reference = asked.references[index];
    if (view === undefined || reference === undefined) return false;
    if (referenceKey(parseReference(view.record.job.image)) !== referenceKey(reference)) return false;
  }
  return true;
}

async function submit(parts: SubmissionRouteParts, call: SubjectCall, asked: Asked): Promise<Submission | Reply> {
  const submitted = await submitJobs(parts, call, asked.references, asked.priority);
  if (submitted.kind === "accepted")
    return { body: addressOfBody(asked), jobs: submitted.records.map((record) => record.id) };
  const seconds = Math.max(1, Math.ceil(submitted.retryAfterMs / 1000));
  return problem(
    "queue-full",
    `The queue takes no more now; ask again in ${seconds} s.`,
    { retryable: true },
    {
      "retry-after": `${seconds}`,
    },
  );
}

async function answer(parts: SubmissionRouteParts, call: SubjectCall, submission: Submission | Reply): Promise<Reply> {
  if (!("jobs" in submission)) return submission;
  const waited = await waitForJobs(parts.assay, call, submission.jobs);
  if (waited === undefined) return problem("store-unavailable", "The jobs were accepted and cannot be read back now.");
  const status = waited.views.every(isTerminal) && "preference-applied" in waited.headers ? 200 : 202;
  const location = `/v1/verifications/${await nameOf(parts, submission.jobs)}`;
  return jsonReply(status, jobsJson(waited.views), { ...waited.headers, location });
}

async function nameOf(parts: SubmissionRouteParts, jobs: readonly JobId[]): Promise<string> {
  const [first] = jobs;
  return jobs.length === 1 && first !== undefined ? first : keepSet(parts, jobs);
}
