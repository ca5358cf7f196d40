import type { JobRecord, JobState } from "../domain/job.ts";
import { verdictJson, type VerdictJson } from "../domain/verdict-json.ts";
import type { JobView } from "../pipeline/assay.ts";

export type JobJson = {
  readonly id: string;
  readonly href: string;
  readonly image: string;
  readonly priority: string;
  readonly submittedAt: string;
  readonly state: JobState["kind"];
  readonly attempt?: number;
  readonly notBefore?: string;
  readonly finishedAt?: string;
  readonly problem?: { readonly code: string; readonly message: string };
  readonly verdict?: VerdictJson;
};

export function isTerminal(view: JobView): boolean {
  const { kind } = view.record.state;
  return kind === "done" || kind === "failed";
}

function jobHref(record: JobRecord): string {
  return `/v1/verifications/${record.id}`;
}

/** A job as its submitter sees it. A verdict shows only once the job says it is done. */
export function jobJson({ record, verdict }: JobView): JobJson {
  return {
    id: record.id,
    href: jobHref(record),
    image: record.job.image,
    priority: record.priority,
    submittedAt: record.submittedAt,
    ...stateJson(record.state),
    ...(record.state.kind === "done" && verdict?.id === record.state.verdict ? { verdict: verdictJson(verdict) } : {}),
  };
}

function stateJson(state: JobState): Pick<JobJson, "state" | "attempt" | "notBefore" | "finishedAt" | "problem"> {
  switch (state.kind) {
    case "waiting":
      return { state: state.kind };
    case "active":
      return { state: state.kind, attempt: state.attempt };
    case "retrying":
      return { state: state.kind, attempt: state.attempt, notBefore: state.notBefore, problem: state.problem };
    case "done":
      return { state: state.kind, finishedAt: state.at };
    case "failed":
      return { state: state.kind, finishedAt: state.at, problem: state.problem };
  }
}

export function jobsJson(views: readonly JobView[]): { readonly state: string; readonly jobs: readonly JobJson[] } {
  return { state: views.every(isTerminal) ? "finished" : "pending", jobs: views.map(jobJson) };
}
