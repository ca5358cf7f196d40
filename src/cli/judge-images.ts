import { PortError } from "../domain/errors.ts";
import type { Answer, Assay } from "../pipeline/assay.ts";
import type { VerdictJson } from "./app.ts";
import { unresolved, type Outcome } from "./exit-code.ts";
import type { ImageArgument } from "./image-argument.ts";
import type { Progress } from "./progress.ts";

export type Judging = {
  readonly assay: Assay;
  readonly verdictJson: VerdictJson;
  readonly concurrency: number;
  /** For each image. */
  readonly timeoutMs: number;
  readonly progress: Progress;
};

/** Judges all images, so many at a time; outcomes stand in the order of the images. */
export async function judgeImages(images: readonly ImageArgument[], judging: Judging): Promise<readonly Outcome[]> {
  const outcomes: (Outcome | undefined)[] = images.map(() => undefined);
  const queue = images.entries();
  let done = 0;
  const lane = async (): Promise<void> => {
    for (const [at, image] of queue) {
      outcomes[at] = await judgeImage(image, judging);
      done += 1;
      judging.progress.say(`${done} of ${images.length} judged`);
    }
  };
  judging.progress.say(images.length === 1 ? `judging ${images[0]?.typed ?? ""}` : `judging ${images.length} images`);
  await Promise.all(Array.from({ length: Math.min(judging.concurrency, images.length) }, lane));
  return outcomes.map((outcome, at) => outcome ?? missing(images[at]?.typed ?? ""));
}

function missing(image: string): Outcome {
  return unresolved({ image, code: "aborted", message: `${image} was not judged`, retryable: true });
}

/** A world that fails is an outcome of this image; the others go on. Configuration that cannot be used ends the command. */
async function judgeImage(image: ImageArgument, { assay, timeoutMs, verdictJson }: Judging): Promise<Outcome> {
  const timeout = AbortSignal.timeout(timeoutMs);
  try {
    const answer = await orAbort(assay.verify(image.reference, timeout), timeout);
    return outcomeOf(answer, verdictJson);
  } catch (error) {
    if (timeout.aborted) return timedOut(image.typed, timeoutMs);
    if (!(error instanceof PortError)) throw error;
    return unresolved({ image: image.typed, code: error.code, message: error.message, retryable: error.retryable });
  }
}

function outcomeOf(answer: Answer, verdictJson: VerdictJson): Outcome {
  if (answer.kind === "unresolved") return unresolved(answer);
  return { kind: "judged", verdict: answer.verdict, json: verdictJson(answer.verdict) };
}

function timedOut(image: string, timeoutMs: number): Outcome {
  const message = `${image}: no answer within ${timeoutMs} ms; allow more with --timeout`;
  return unresolved({ image, code: "timeout", message, retryable: true });
}

/** The promise, or a rejection as soon as the signal fires: a port that ignores its signal must not hold a gate open. */
export async function orAbort<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>();
  const stop = (): void => reject(new PortError("timeout", "the request", "took longer than --timeout allows"));
  if (signal.aborted) stop();
  signal.addEventListener("abort", stop, { once: true });
  try {
    return await Promise.race([work, promise]);
  } finally {
    signal.removeEventListener("abort", stop);
  }
}
