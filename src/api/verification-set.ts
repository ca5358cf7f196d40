import type { JobId } from "../domain/job.ts";
import type { Assay, JobView } from "../pipeline/assay.ts";
import { Deadline } from "./deadline.ts";
import { mayRead } from "./image-in-scope.ts";
import { parseWait, preferenceApplied } from "./prefer.ts";
import type { Headers } from "./reply.ts";
import type { SubjectCall } from "./route.ts";

export type Waited = { readonly views: readonly JobView[]; readonly headers: Headers };

/**
 * All jobs as they stand, or, if the caller prefers to wait, once all are terminal or its time is over. `undefined` if one
 * is not there or is not for this caller to see. One after the other costs no more time than the slowest.
 */
export async function waitForJobs(assay: Assay, call: SubjectCall, ids: readonly JobId[]): Promise<Waited | undefined> {
  const seconds = parseWait(call.req.headers["prefer"] as string | undefined);
  using deadline = new Deadline(seconds * 1000, call.signal, call.stopping);
  const views: JobView[] = [];
  for (const id of ids) {
    const view = seconds === 0 ? await assay.job(id) : await assay.waitForJob(id, deadline.signal);
    if (view === undefined || !mayRead(call.subject, view.record.job.image)) return undefined;
    views.push(view);
  }
  return { views, headers: preferenceApplied(seconds) };
}
