import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from "prom-client";

import type { PortCode } from "../domain/errors.ts";
import type { Enforcement } from "../domain/policy.ts";
import type { FindingReason, Decision, Outcome } from "../domain/verdict.ts";

/** Kinds of request to a registry. */
export type RegistryRequestKind =
  | "head"
  | "manifest"
  | "blob"
  | "referrers"
  | "tags"
  | "catalog"
  | "token"
  | "signatures";
export type RegistryRequestOutcome = "ok" | "missing" | PortCode;

type HttpSample = {
  readonly route: string;
  readonly method: string;
  readonly status: number;
  readonly seconds: number;
};

type QueueSample = {
  readonly waiting: number;
  readonly active: number;
  readonly delayed: number;
  readonly done: number;
  readonly failed: number;
};

/** Everything counted. No label holds an image, a digest, a name of a signer or any other text from outside. */
export interface Metrics {
  verdict(decision: Decision, seconds: number): void;
  finding(outcome: Outcome, reason: FindingReason | undefined): void;
  /** What an authority that is only tried as yet would have decided. */
  trial(enforcement: Enforcement, outcome: Outcome): void;
  undetermined(): void;
  gap(code: PortCode): void;
  registryRequest(kind: RegistryRequestKind, outcome: RegistryRequestOutcome, seconds: number): void;
  http(sample: HttpSample): void;
  jobSubmitted(count: number): void;
  jobFinished(outcome: "done" | "retry" | "failed", seconds: number): void;
  recordRefused(space: string, why: string): void;
  policyReload(result: "accepted" | "refused"): void;
  trustRootRefresh(result: "read" | "refused"): void;
  authRefused(why: string): void;
  /** Asked at each scrape; what it throws leaves the gauge as it was. */
  watchQueue(counts: () => Promise<QueueSample>): void;
  /** Prometheus text exposition, with its content type. */
  render(): Promise<{ readonly type: string; readonly text: string }>;
}

const FAST = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10, 60];
const SLOW = [0.005, 0.025, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300];

/** `processMetrics` adds memory, CPU and event-loop figures of this process. */
export function createMetrics(options: { readonly processMetrics: boolean }): Metrics {
  const registry = new Registry();
  if (options.processMetrics) collectDefaultMetrics({ register: registry, prefix: "assay_" });
  return {
    ...decisionMetrics(registry),
    ...edgeMetrics(registry),
    ...jobMetrics(registry),
    ...stateMetrics(registry),
    render: async () => ({ type: registry.contentType, text: await registry.metrics() }),
  };
}

function counter<Label extends string>(registry: Registry, name: string, help: string, labels: readonly Label[] = []) {
  return new Counter<Label>({ name: `assay_${name}`, help, labelNames: [...labels], registers: [registry] });
}

function decisionMetrics(registry: Registry): Pick<Metrics, "verdict" | "finding" | "trial" | "undetermined" | "gap"> {
  const verdicts = counter(registry, "verdicts_total", "Verdicts decided.", ["decision"]);
  const findings = counter(registry, "findings_total", "Rules applied.", ["outcome", "reason"]);
  const trials = counter(
    registry,
    "authority_trials_total",
    "Authorities that are only tried, by what they would have decided.",
    ["enforcement", "outcome"],
  );
  const undetermined = counter(registry, "undetermined_total", "Verdicts denied because something could not be told.");
  const gaps = counter(registry, "gaps_total", "Looks at the world that brought no answer.", ["code"]);
  const duration = histogram(registry, "verdict_duration_seconds", "From reference to verdict.", ["decision"], SLOW);
  return {
    verdict: (decision, seconds) => {
      verdicts.inc({ decision });
      duration.observe({ decision }, seconds);
    },
    finding: (outcome, reason) => findings.inc({ outcome, reason: reason ?? "none" }),
    trial: (enforcement, outcome) => trials.inc({ enforcement, outcome }),
    undetermined: () => undetermined.inc(),
    gap: (code) => gaps.inc({ code }),
  };
}

function histogram<Label extends string>(
  registry: Registry,
  name: string,
  help: string,
  ...[labels, buckets]: readonly [readonly Label[], readonly number[]]
) {
  return new Histogram<Label>({
    name: `assay_${name}`,
    help,
    labelNames: [...labels],
    buckets: [...buckets],
    registers: [registry],
  });
}

function edgeMetrics(registry: Registry): Pick<Metrics, "http" | "registryRequest"> {
  const requests = counter(registry, "http_requests_total", "Calls answered.", ["route", "method", "status"]);
  const latency = histogram(registry, "http_request_duration_seconds", "From request to answer.", ["route"], FAST);
  const outbound = counter(registry, "registry_requests_total", "Requests to registries.", ["kind", "outcome"]);
  const outboundLatency = histogram(registry, "registry_request_duration_seconds", "Registry calls.", ["kind"], FAST);
  return {
    http: ({ route, method, status, seconds }) => {
      requests.inc({ route, method, status: `${Math.floor(status / 100)}xx` });
      latency.observe({ route }, seconds);
    },
    registryRequest: (kind, outcome, seconds) => {
      outbound.inc({ kind, outcome });
      outboundLatency.observe({ kind }, seconds);
    },
  };
}

function jobMetrics(registry: Registry): Pick<Metrics, "jobSubmitted" | "jobFinished" | "watchQueue"> {
  const submitted = counter(registry, "jobs_submitted_total", "Jobs accepted.");
  const finished = counter(registry, "jobs_finished_total", "Runs of jobs that ended.", ["outcome"]);
  const duration = histogram(registry, "job_duration_seconds", "Run of one job.", ["outcome"], SLOW);
  return {
    jobSubmitted: (count) => submitted.inc(count),
    jobFinished: (outcome, seconds) => {
      finished.inc({ outcome });
      duration.observe({ outcome }, seconds);
    },
    watchQueue: (counts) => watchQueue(registry, counts),
  };
}

/** Registered only where a queue is, so that a process without one shows no empty queue. */
function watchQueue(registry: Registry, counts: () => Promise<QueueSample>): void {
  const depth = new Gauge({
    name: "assay_queue_jobs",
    help: "Jobs in the queue by state.",
    labelNames: ["state"],
    registers: [registry],
    async collect() {
      // A scrape must answer while the store is away: the last depth known is better than no metrics at all.
      const sample = await counts().catch(() => undefined);
      for (const [state, count] of Object.entries(sample ?? {})) depth.set({ state }, count);
    },
  });
}

function stateMetrics(
  registry: Registry,
): Pick<Metrics, "recordRefused" | "policyReload" | "trustRootRefresh" | "authRefused"> {
  const refused = counter(registry, "records_refused_total", "Stored records not believed.", ["space", "why"]);
  const reloads = counter(registry, "policy_reload_total", "Policy reloads.", ["result"]);
  const roots = counter(registry, "trust_root_refresh_total", "Readings of TUF repositories.", ["result"]);
  const auth = counter(registry, "auth_refused_total", "Calls refused for who made them.", ["why"]);
  return {
    recordRefused: (space, why) => refused.inc({ space, why }),
    policyReload: (result) => reloads.inc({ result }),
    trustRootRefresh: (result) => roots.inc({ result }),
    authRefused: (why) => auth.inc({ why }),
  };
}
