import type { JobId } from "../domain/job.ts";
import type { Assay, JobView } from "../pipeline/assay.ts";
import { mayRead } from "./image-in-scope.ts";
import { isTerminal, jobJson } from "./job-json.ts";
import { problem } from "./problem.ts";
import type { Reply, StreamOut } from "./reply.ts";
import { route, type Route, type SubjectCall } from "./route.ts";
import { jobIdOf, NO_JOB } from "./verification.ts";

/** Under the idle time-outs of common proxies, 30 s and more; also how soon a revoked token ends a stream. */
const HEARTBEAT_MS = 15_000;
/** Each holds a connection and a watch on the queue. */
const MAX_STREAMS = 500;

export type StreamParts = { readonly assay: Assay; readonly heartbeatMs?: number };

export function verificationEventsRoute(parts: StreamParts): Route {
  let streams = 0;
  return route({
    method: "GET",
    path: "/v1/verifications/{id}/events",
    access: "reader",
    summary: "A verification's changes of state as server-sent events",
    description:
      "Event `state` carries the same object as the verification itself. The stream ends after the terminal state. It always begins with the present state, so `Last-Event-ID` needs no replay.",
    answers: [{ status: 200, description: "Events", type: "text/event-stream", schema: undefined }],
    problems: ["not-found", "busy", "store-unavailable"],
    handle: async (call) => {
      const id = jobIdOf(call.params["id"] ?? "");
      const view = id === undefined ? undefined : await parts.assay.job(id);
      if (id === undefined || view === undefined || !mayRead(call.subject, view.record.job.image))
        return problem("not-found", NO_JOB);
      if (streams >= MAX_STREAMS)
        return problem(
          "busy",
          "Too many event streams are open; ask for the state instead.",
          {},
          { "retry-after": "5" },
        );
      return stream(async (out) => {
        streams += 1;
        try {
          await follow(parts, call, { id, view }, out);
        } finally {
          streams -= 1;
        }
      });
    },
  });
}

function stream(run: (out: StreamOut) => Promise<void>): Reply {
  // Proxies of the nginx family hold answers back unless told not to.
  return { kind: "stream", headers: { "content-type": "text/event-stream", "x-accel-buffering": "no" }, run };
}

async function follow(
  parts: StreamParts,
  call: SubjectCall,
  job: { readonly id: JobId; readonly view: JobView },
  out: StreamOut,
): Promise<void> {
  let sequence = 0;
  let told = "";
  const send = async (view: JobView): Promise<void> => {
    const data = JSON.stringify(jobJson(view));
    // A watch begins with the present state too, which was told before it was made.
    if (data === told) return;
    told = data;
    sequence += 1;
    await out.write(`id: ${sequence}\nevent: state\ndata: ${data}\n\n`);
  };
  await send(job.view);
  if (isTerminal(job.view)) return;
  const ended = new AbortController();
  const heartbeat = setInterval(() => {
    if (call.stillAllowed()) void out.write(": still here\n\n");
    else ended.abort();
  }, parts.heartbeatMs ?? HEARTBEAT_MS);
  const signal = AbortSignal.any([out.signal, call.stopping, ended.signal]);
  try {
    for await (const view of parts.assay.watchJob(job.id, signal)) {
      await send(view);
      if (isTerminal(view)) break;
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    clearInterval(heartbeat);
  }
}
