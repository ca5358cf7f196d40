import { setTimeout as sleep } from "node:timers/promises";

import { InputError, PortError } from "../domain/errors.ts";
import { formatReference, parseReference, type ImageReference } from "../domain/reference.ts";
import type { Outcome } from "./exit-code.ts";
import type { ImageArgument } from "./image-argument.ts";
import { parseJob, parseJobs, type ServerJob } from "./server-answer.ts";
import type { Connection } from "./server-connection.ts";
import { askServer } from "./server-request.ts";
import type { ShownVerdict } from "./shown-verdict.ts";

const PATH = "/v1/verifications";
/** The server caps it as it likes; below the idle limits of common proxies. */
const WAIT_SECONDS = 20;
/** A server that does not wait is not asked more often than this. */
const POLL_MS = 500;
/** A restart of one of several API processes must not fail a build. */
const MAX_FAILED_POLLS = 4;

type Server = {
  readonly connection: Connection;
  readonly signal: AbortSignal;
};

/**
 * Submits all images at once and waits for each; outcomes stand in the order of the images. Throws `PortError` if the
 * server cannot be reached or answers what cannot be used, `InputError` if it refuses the request.
 */
export async function verifyOnServer(
  images: readonly ImageArgument[],
  connection: Connection,
): Promise<readonly Outcome[]> {
  const server: Server = { connection, signal: AbortSignal.timeout(connection.timeoutMs) };
  const jobs = await submit(images, server);
  return Promise.all(images.map(async (image, at) => outcomeOf(image, await finished(jobs[at], server), server)));
}

async function submit(images: readonly ImageArgument[], server: Server): Promise<readonly ServerJob[]> {
  const { connection, signal } = server;
  // Somebody waits for it, unlike for a scan.
  const body = { images: images.map(({ reference }) => formatReference(reference)), priority: "interactive" };
  const answer = await askServer(connection, { method: "POST", path: PATH, body, waitSeconds: WAIT_SECONDS, signal });
  const jobs = parseJobs(answer, whatOf(server));
  if (jobs.length === images.length) return jobs;
  throw new PortError(
    "malformed",
    whatOf(server),
    `${images.length} images were sent and ${jobs.length} jobs came back`,
  );
}

function whatOf({ connection }: Server): string {
  return `${connection.url.origin}${PATH}`;
}

const isTerminal = ({ state }: ServerJob): boolean => state === "done" || state === "failed";

async function finished(submitted: ServerJob | undefined, server: Server): Promise<ServerJob> {
  if (submitted === undefined) throw new PortError("malformed", whatOf(server), "a job is missing");
  let job = submitted;
  let failures = 0;
  while (!isTerminal(job)) {
    const startedAt = performance.now();
    const polled = await poll(job, server, failures);
    failures = polled === undefined ? failures + 1 : 0;
    job = polled ?? job;
    if (!isTerminal(job)) await pause(POLL_MS - (performance.now() - startedAt), server);
  }
  return job;
}

/** The job as it stands, or `undefined` if this try failed and another may succeed. */
async function poll(job: ServerJob, { connection, signal }: Server, failures: number): Promise<ServerJob | undefined> {
  const path = `${PATH}/${encodeURIComponent(job.id)}`;
  try {
    const answer = await askServer(connection, {
      method: "GET",
      path,
      body: undefined,
      waitSeconds: WAIT_SECONDS,
      signal,
    });
    return parseJob(answer, `${connection.url.origin}${path}`);
  } catch (error) {
    const isWorthAnother = error instanceof PortError && error.retryable && error.code !== "timeout";
    if (!isWorthAnother || failures + 1 >= MAX_FAILED_POLLS) throw error;
    return undefined;
  }
}

async function pause(millis: number, server: Server): Promise<void> {
  try {
    await sleep(Math.max(0, millis), undefined, { signal: server.signal });
  } catch (error) {
    throw new PortError("timeout", whatOf(server), "the jobs are not done in time; allow more with --timeout", {
      cause: error,
    });
  }
}

function outcomeOf(image: ImageArgument, job: ServerJob, server: Server): Outcome {
  if (job.state === "done" && job.verdict !== undefined) {
    refuseOther(image.reference, job.verdict, server);
    return { kind: "judged", verdict: job.verdict, json: job.verdict };
  }
  const lost = {
    code: "malformed",
    message: `the server's job ended as ${job.state} without a verdict`,
    retryable: true,
  };
  return { kind: "unresolved", image: image.typed, problem: job.problem ?? lost };
}

/** A verdict counts only for the repository, and where one was named the digest, that was asked about. */
function refuseOther(asked: ImageReference, verdict: ShownVerdict, server: Server): void {
  if (isAbout(asked, verdict)) return;
  const name = formatReference(asked);
  throw new PortError("malformed", whatOf(server), `the verdict for ${name} is about another image (${verdict.image})`);
}

function isAbout(asked: ImageReference, { image, digest }: ShownVerdict): boolean {
  try {
    const { repository } = parseReference(image);
    const isSameDigest = asked.kind !== "digest" || asked.digest === digest;
    const { registry, path } = asked.repository;
    return repository.registry === registry && repository.path === path && isSameDigest;
  } catch (error) {
    if (error instanceof InputError) return false;
    throw error;
  }
}
