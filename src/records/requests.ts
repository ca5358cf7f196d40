import type { Instant } from "../domain/instant.ts";
import type { JobId } from "../domain/job.ts";
import { instant, named } from "./basic-codecs.ts";
import { list, optional, struct, text } from "./codec.ts";
import { SealedSpace, type RecordContext, type RecordKind } from "./sealed-space.ts";

/** What somebody submitted: one job an image. */
export type SubmittedRequest = {
  readonly id: string;
  readonly submittedAt: Instant;
  /** Who, as authentication named them. */
  readonly submittedBy: string | undefined;
  /** Of what was asked, so that a repeated idempotency key with another body can be told. */
  readonly fingerprint: string | undefined;
  readonly jobs: readonly { readonly id: JobId; readonly image: string }[];
};

const KIND: RecordKind<SubmittedRequest> = {
  space: "request",
  version: 1,
  codec: struct({
    id: text,
    submittedAt: instant,
    submittedBy: optional(text),
    fingerprint: optional(text),
    jobs: list(struct({ id: named<JobId>(), image: text })),
  }),
};

export class RequestRecords {
  readonly #space: SealedSpace<SubmittedRequest>;

  constructor(context: RecordContext) {
    this.#space = new SealedSpace(context, KIND);
  }

  async get(id: string): Promise<SubmittedRequest | undefined> {
    return this.#space.get(id);
  }

  async put(request: SubmittedRequest): Promise<void> {
    await this.#space.put(request.id, request);
  }
}
