import type { JobQueue, QueueCounts } from "../ports/job-queue.ts";
import type { PolicySource } from "../ports/policy-source.ts";
import type { RecordStore } from "../ports/record-store.ts";
import { bytesReply, JSON_TYPE, jsonReply, type Reply } from "./reply.ts";
import { publicRoute, type Call, type Route } from "./route.ts";
import { healthSchema, readinessSchema } from "./schemas.ts";
import { untilAborted } from "./deadline.ts";

export type HealthParts = {
  readonly store: Pick<RecordStore, "ping">;
  readonly queue: Pick<JobQueue, "ping" | "counts">;
  readonly policies: Pick<PolicySource, "problem">;
};

const ALIVE = Buffer.from('{"status":"ok"}');
/** A store that needs longer cannot serve an admission call in time either. */
const PING_MS = 1000;
/** However often readiness is asked for, the stores are asked once in this time. */
const PROBE_AGE_MS = 1000;

export function healthRoute(): Route {
  return publicRoute({
    path: "/healthz",
    fast: true,
    summary: "Whether the process answers",
    answers: [{ status: 200, description: "It does", type: "application/json", schema: healthSchema }],
    problems: [],
    handle: () => Promise.resolve(bytesReply(200, ALIVE, { "content-type": JSON_TYPE })),
  });
}

export function readinessRoute(parts: HealthParts): Route {
  const probe = remembered(() => look(parts));
  return publicRoute({
    path: "/readyz",
    fast: true,
    summary: "Whether the service can do its work",
    answers: [
      { status: 200, description: "It can", type: "application/json", schema: readinessSchema },
      { status: 503, description: "It cannot", type: "application/json", schema: readinessSchema },
    ],
    problems: [],
    handle: async (call) => readiness(call, await probe(), parts.policies.problem()),
  });
}

type Probe = { readonly store: boolean; readonly queue: boolean; readonly counts: QueueCounts | undefined };

function readiness(call: Call, probe: Probe, policyProblem: string | undefined): Reply {
  const stopping = call.stopping.aborted;
  const ready = probe.store && probe.queue && !stopping;
  const { waiting, active, delayed } = probe.counts ?? {};
  const checks = {
    store: { ok: probe.store },
    queue: { ok: probe.queue, waiting, active, delayed },
    // The last good policies stay in force, so a broken file is shown and does not take the service away.
    policy: { ok: policyProblem === undefined, problem: policyProblem },
    stopping,
  };
  // Paths and lines of policy files are for the operator, not for whoever reaches the port.
  const shown = call.subject === undefined || call.subject.repositories !== undefined ? {} : { checks };
  return jsonReply(ready ? 200 : 503, { status: ready ? "ready" : "not-ready", ...shown });
}

async function look({ store, queue }: HealthParts): Promise<Probe> {
  const [storeOk, queueOk, counts] = await Promise.all([
    answers(store.ping().then(() => true)),
    answers(queue.ping().then(() => true)),
    answers(queue.counts()),
  ]);
  return { store: storeOk === true, queue: queueOk === true, counts };
}

/** What a port says in time; a port that throws or is silent says nothing, which is never "ok". */
function answers<T>(asked: Promise<T>): Promise<T | undefined> {
  return untilAborted(
    asked.catch(() => undefined),
    AbortSignal.timeout(PING_MS),
  );
}

function remembered<T>(look: () => Promise<T>): () => Promise<T> {
  let last: { readonly at: number; readonly value: Promise<T> } | undefined;
  return () => {
    const now = performance.now();
    if (last === undefined || now - last.at > PROBE_AGE_MS) last = { at: now, value: look() };
    return last.value;
  };
}
