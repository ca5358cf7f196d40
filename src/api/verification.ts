import type { JobId } from "../domain/job.ts";
import type { Assay } from "../pipeline/assay.ts";
import { jobJson, jobsJson } from "./job-json.ts";
import { problem } from "./problem.ts";
import { jsonReply, type Reply } from "./reply.ts";
import { route, type Route, type SubjectCall } from "./route.ts";
import { jobSchema, jobsSchema } from "./schemas.ts";
import { findSet, isSetId, type SubmissionParts } from "./submission-store.ts";
import { waitForJobs } from "./verification-set.ts";
import { z } from "zod";

// Wide enough for the ids of every queue; anything else is no id and is not looked up.
const ID = /^[A-Za-z0-9._:-]{1,128}$/;

export const NO_JOB = "No verification of this id is known here; it may have been forgotten by age.";

export function verificationRoute(parts: SubmissionParts & { readonly assay: Assay }): Route {
  return route({
    method: "GET",
    path: "/v1/verifications/{id}",
    access: "reader",
    summary: "Where a verification stands, and its verdict",
    description:
      "For the id of several verifications submitted together, all of them. `Prefer: wait` waits for the end.",
    prefersWait: true,
    answers: [
      {
        status: 200,
        description: "The verification, or several submitted together",
        type: "application/json",
        schema: z.union([jobSchema, jobsSchema]),
      },
    ],
    problems: ["not-found", "store-unavailable"],
    handle: (call) => show(parts, call, call.params["id"] ?? ""),
  });
}

export function jobIdOf(text: string): JobId | undefined {
  return ID.test(text) ? (text as JobId) : undefined;
}

async function show(
  parts: SubmissionParts & { readonly assay: Assay },
  call: SubjectCall,
  text: string,
): Promise<Reply> {
  const id = jobIdOf(text);
  const ids = id === undefined ? undefined : isSetId(id) ? await findSet(parts, id) : [id];
  const waited = ids === undefined ? undefined : await waitForJobs(parts.assay, call, ids);
  const [first] = waited?.views ?? [];
  if (waited === undefined || first === undefined) return problem("not-found", NO_JOB);
  return jsonReply(200, isSetId(text) ? jobsJson(waited.views) : jobJson(first), waited.headers);
}
