import type { Gap } from "../domain/gap.ts";
import type { JobRecord } from "../domain/job.ts";
import type { PolicySet } from "../domain/policy.ts";
import { isOnlyUndetermined } from "../domain/undetermined.ts";
import type { Verdict } from "../domain/verdict.ts";
import type { Log } from "./log.ts";
import type { Metrics } from "./metrics.ts";

export type AuthRefusal = {
  readonly why: "no-credentials" | "bad-credentials" | "role" | "scope" | "origin" | "rate";
  readonly request: string;
  readonly route: string;
  readonly subject: string | undefined;
  readonly address: string | undefined;
};

export type BasesFollowed = {
  readonly from: string;
  readonly tags: number;
  readonly failed: number;
  readonly detail: string | undefined;
};

/** One call per thing that happens in the business: it writes the line and moves the counters together. */
export interface Events {
  jobsSubmitted(records: readonly JobRecord[], by: { readonly subject: string; readonly request: string }): void;
  verdictDecided(verdict: Verdict, durationMs: number): void;
  gapSeen(gap: Gap): void;
  /** A stored record was not believed: `why` is one word such as `seal`, `key`, `expired`, `malformed`. */
  recordRefused(record: { readonly space: string; readonly why: string }): void;
  policyReloaded(set: PolicySet): void;
  policyRefused(problem: string): void;
  /** A TUF repository was read; what it holds is in force until it expires. `from` is who names it. */
  trustRootRefreshed(root: { readonly from: string; readonly expires: string }): void;
  /** A TUF repository could not be read, or holds what cannot be used; what was in force stays so until it expires. */
  trustRootRefused(refusal: { readonly from: string; readonly detail: string }): void;
  /** The tags of a repository of base images were followed; `detail` is why some could not be. */
  basesFollowed(look: BasesFollowed): void;
  /** Base images that policies name cannot be followed; what is known of them ages. */
  basesRefused(refusal: { readonly from: string; readonly detail: string }): void;
  authRefused(refusal: AuthRefusal): void;
  tokensReloaded(count: number): void;
  tokensRefused(problem: string): void;
}

export function createEvents(log: Log, metrics: Metrics): Events {
  return {
    ...decisionEvents(log, metrics),
    ...operatorEvents(log, metrics),
    ...trustRootEvents(log, metrics),
    ...baseEvents(log),
    ...accessEvents(log, metrics),
  };
}

function decisionEvents(log: Log, metrics: Metrics): Pick<Events, "verdictDecided" | "gapSeen" | "recordRefused"> {
  return {
    verdictDecided: (verdict, durationMs) => {
      countVerdict(verdict, durationMs, metrics);
      log.info("verdict decided", verdictFields(verdict, durationMs));
    },
    gapSeen: (gap) => {
      metrics.gap(gap.code);
      log.warn("could not look", gap);
    },
    recordRefused: (record) => {
      metrics.recordRefused(record.space, record.why);
      log.warn("stored record not believed", record);
    },
  };
}

function countVerdict(verdict: Verdict, durationMs: number, metrics: Metrics): void {
  metrics.verdict(verdict.decision, durationMs / 1000);
  for (const { authority, enforcement, outcome, reason } of verdict.findings) {
    if (authority === undefined) metrics.finding(outcome, reason);
    else metrics.trial(enforcement, outcome);
  }
  if (isOnlyUndetermined(verdict)) metrics.undetermined();
}

function verdictFields(verdict: Verdict, durationMs: number) {
  return {
    verdict: verdict.id,
    image: verdict.image,
    digest: verdict.digest,
    decision: verdict.decision,
    why: verdict.findings
      .filter((finding) => finding.outcome !== "satisfied")
      .map(({ authority, reason, outcome }) => `${authority === undefined ? "" : `${authority}:`}${reason ?? outcome}`)
      .join(","),
    ms: durationMs,
  };
}

function operatorEvents(log: Log, metrics: Metrics): Pick<Events, "policyReloaded" | "policyRefused"> {
  return {
    policyReloaded: (set) => {
      metrics.policyReload("accepted");
      log.info("policies in force", { count: set.policies.length });
      for (const { message, at } of set.warnings)
        log.warn("policy warning", { detail: message, file: `${at.file}:${at.line}:${at.column}` });
    },
    policyRefused: (problem) => {
      metrics.policyReload("refused");
      log.warn("changed policies refused, the former stay in force", { detail: problem });
    },
  };
}

function trustRootEvents(log: Log, metrics: Metrics): Pick<Events, "trustRootRefreshed" | "trustRootRefused"> {
  return {
    trustRootRefreshed: ({ from, expires }) => {
      metrics.trustRootRefresh("read");
      log.info("trust root read", { file: from, detail: `in force until ${expires}` });
    },
    trustRootRefused: ({ from, detail }) => {
      metrics.trustRootRefresh("refused");
      log.warn("trust root refused", { file: from, detail });
    },
  };
}

function baseEvents(log: Log): Pick<Events, "basesFollowed" | "basesRefused"> {
  return {
    basesFollowed: ({ from, tags, failed, detail }) => {
      log.info("base images followed", { what: from, count: tags });
      if (failed > 0) log.warn("base images not followed", { what: from, count: failed, detail });
    },
    basesRefused: ({ from, detail }) => log.warn("base images not followed", { what: from, detail }),
  };
}

function accessEvents(
  log: Log,
  metrics: Metrics,
): Pick<Events, "jobsSubmitted" | "authRefused" | "tokensReloaded" | "tokensRefused"> {
  return {
    jobsSubmitted: (records, by) => {
      metrics.jobSubmitted(records.length);
      for (const record of records)
        log.info("job submitted", { job: record.id, image: record.job.image, priority: record.priority, ...by });
    },
    authRefused: (refusal) => {
      metrics.authRefused(refusal.why);
      log.warn("call refused", refusal);
    },
    tokensReloaded: (count) => log.info("tokens in force", { count }),
    tokensRefused: (problem) => log.warn("tokens file refused", { detail: problem }),
  };
}
