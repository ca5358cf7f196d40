import type { Digest } from "../domain/digest.ts";
import type { ImageFacts } from "../domain/facts.ts";
import type { JobId, JobRecord, Priority } from "../domain/job.ts";
import {
  formatReference,
  formatWholeReference,
  parseReference,
  referenceKey,
  type ImageReference,
  type Repository,
} from "../domain/reference.ts";
import type { JobHandler, JobOutcome, JobQueue } from "../ports/job-queue.ts";
import type { Answer, Assay, ImageView, JobView, Unresolved } from "./assay.ts";
import { storedDossier } from "./load-dossier.ts";
import { unresolvedFrom } from "./unresolved.ts";
import { Verifier, type VerifierParts } from "./verifier.ts";

export type AssayParts = VerifierParts & { readonly queue: JobQueue };

/** Joins the verifier, the queue and the records into what the edges ask. */
export function createAssay(parts: AssayParts): Assay {
  const verifier = new Verifier(parts);
  const view = (record: JobRecord): Promise<JobView> => jobView(parts, record);
  return {
    verify: (reference, signal) => verifier.verify(reference, signal),
    inForce: (reference, { tagMaxAgeMs }, signal) => verifier.recall(reference, tagMaxAgeMs, signal),
    submit: (references, priority) => submit(parts.queue, references, priority),
    job: async (id) => viewFound(await parts.queue.find(id), view),
    waitForJob: async (id, signal) => viewFound(await parts.queue.wait(id, signal), view),
    watchJob: (id, signal) => watchJob(parts.queue, id, signal, view),
    verdict: (id) => parts.records.verdicts.get(id),
    inspect: (reference, signal) => inspect(verifier, reference, signal),
    facts: (repository, digest) => storedFacts(parts, verifier, repository, digest),
  };
}

/** What a worker does with a job: the same verification as in line. A verdict is the job's end, whatever it says. */
export function createJobHandler(assay: Assay): JobHandler {
  return async (record, signal) => outcomeOf(await assay.verify(parseReference(record.job.image), signal));
}

function outcomeOf(answer: Answer): JobOutcome {
  if (answer.kind === "judged") return { kind: "done", verdict: answer.verdict.id };
  const { code, message } = answer;
  return answer.retryable ? { kind: "retry", code, message, afterMs: undefined } : { kind: "failed", code, message };
}

async function submit(
  queue: JobQueue,
  references: readonly ImageReference[],
  priority: Priority,
): Promise<readonly JobRecord[]> {
  return queue.enqueueMany(
    references.map((reference) => ({
      job: { kind: "verify", image: formatWholeReference(reference) },
      key: `verify ${referenceKey(reference)} ${reference.tag ?? ""}`,
      priority,
    })),
  );
}

async function viewFound(
  record: JobRecord | undefined,
  view: (record: JobRecord) => Promise<JobView>,
): Promise<JobView | undefined> {
  return record === undefined ? undefined : view(record);
}

/** The queue only names a verdict; it counts if the sealed store has it and it is about the image that was submitted. */
async function jobView({ records }: AssayParts, record: JobRecord): Promise<JobView> {
  if (record.state.kind !== "done") return { record, verdict: undefined };
  const verdict = await records.verdicts.get(record.state.verdict);
  const image = formatReference(parseReference(record.job.image));
  return { record, verdict: verdict?.image === image ? verdict : undefined };
}

async function* watchJob(
  queue: JobQueue,
  id: JobId,
  signal: AbortSignal,
  view: (record: JobRecord) => Promise<JobView>,
): AsyncIterable<JobView> {
  for await (const record of queue.watch(id, signal)) yield await view(record);
}

async function inspect(
  verifier: Verifier,
  reference: ImageReference,
  signal: AbortSignal,
): Promise<ImageView | Unresolved> {
  try {
    return { kind: "image", ...(await verifier.inspect(reference, signal)) };
  } catch (error) {
    signal.throwIfAborted();
    return unresolvedFrom(reference, error);
  }
}

async function storedFacts(
  { records }: AssayParts,
  verifier: Verifier,
  repository: Repository,
  digest: Digest,
): Promise<ImageFacts | undefined> {
  const dossier = await storedDossier({ repository, digest }, records);
  return dossier === undefined ? undefined : verifier.stored(dossier);
}
