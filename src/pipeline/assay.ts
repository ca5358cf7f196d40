import type { Digest } from "../domain/digest.ts";
import type { InputCode, PortCode } from "../domain/errors.ts";
import type { ImageFacts } from "../domain/facts.ts";
import type { Instant } from "../domain/instant.ts";
import type { JobId, JobRecord, Priority } from "../domain/job.ts";
import type { ImageReference, Repository } from "../domain/reference.ts";
import type { Verdict } from "../domain/verdict.ts";

/** The reference led to no image that could be judged: it is denied, and this says why. */
export type Unresolved = {
  readonly kind: "unresolved";
  readonly image: string;
  readonly code: PortCode | InputCode;
  readonly message: string;
  /** Whether asking again later may bring another answer: then it counts as "could not tell". */
  readonly retryable: boolean;
};

export type Judged = {
  readonly kind: "judged";
  readonly verdict: Verdict;
  /** Until when the verdict may be served again: its own end, or that of the observations it rests on. */
  readonly freshUntil: Instant;
};

export type Answer = Judged | Unresolved;

/** A job as its submitter sees it: the verdict comes from the sealed store, never from the queue. */
export type JobView = { readonly record: JobRecord; readonly verdict: Verdict | undefined };

/** Whose word for what a tag is counts more than the registry's, and whether they say what it is. */
export type SignedName = { readonly authorities: readonly string[]; readonly isSigned: boolean };

export type ImageView = {
  readonly kind: "image";
  readonly facts: ImageFacts;
  /** Absent where the registry alone says what the reference is. */
  readonly signedName?: SignedName | undefined;
};

/** Everything the edges (API, command line, workers) may ask. References are parsed by then. */
export interface Assay {
  /** Looks at the world where needed, judges, remembers. Callers for one image share one verification. */
  verify(reference: ImageReference, signal: AbortSignal): Promise<Answer>;
  /**
   * The verdict in force from what is stored, with at most one HEAD to see where a tag points; `undefined` if something
   * would have to be collected first. A tag seen within `tagMaxAgeMs` is not looked at again.
   */
  inForce(
    reference: ImageReference,
    options: { readonly tagMaxAgeMs: number },
    signal: AbortSignal,
  ): Promise<Answer | undefined>;
  submit(references: readonly ImageReference[], priority: Priority): Promise<readonly JobRecord[]>;
  job(id: JobId): Promise<JobView | undefined>;
  /** The job when it is terminal, or as it stands when the signal fires. */
  waitForJob(id: JobId, signal: AbortSignal): Promise<JobView | undefined>;
  watchJob(id: JobId, signal: AbortSignal): AsyncIterable<JobView>;
  verdict(id: Digest): Promise<Verdict | undefined>;
  /**
   * Everything that can be known of an image, whatever the policies ask: all sources, all layers. Of the image that they
   * would judge: where they let an authority say what a tag is, of the one that it names.
   */
  inspect(reference: ImageReference, signal: AbortSignal): Promise<ImageView | Unresolved>;
  /** Facts as stored, without a request. */
  facts(repository: Repository, digest: Digest): Promise<ImageFacts | undefined>;
}
