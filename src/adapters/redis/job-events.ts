import { EventEmitter } from "node:events";

import { QueueEvents } from "bullmq";

import type { BlockingOptions } from "./link.ts";

const CHANGES = ["waiting", "active", "delayed", "completed", "failed", "stalled"] as const;

/** Events are read from a little before the first subscription: one that comes while we connect must not be missed, whatever the clocks' skew. */
const REPLAY_MS = 90_000;

/** Tells who asked that a job has changed, in whatever process. One connection, made when first needed. */
export class JobEvents {
  readonly #name: string;
  readonly #options: { readonly connection: BlockingOptions; readonly prefix: string };
  readonly #onError: (error: Error) => void;
  readonly #emitter = new EventEmitter().setMaxListeners(0);
  #events: QueueEvents | undefined;

  constructor(
    name: string,
    options: { readonly connection: BlockingOptions; readonly prefix: string },
    onError: (error: Error) => void,
  ) {
    this.#name = name;
    this.#options = options;
    this.#onError = onError;
  }

  /** Returns the way to stop. */
  subscribe(id: string, listener: () => void): () => void {
    this.#events ??= this.#listen();
    this.#emitter.on(id, listener);
    return () => void this.#emitter.off(id, listener);
  }

  async close(): Promise<void> {
    await this.#events?.close().catch(this.#onError);
  }

  #listen(): QueueEvents {
    const lastEventId = `${Date.now() - REPLAY_MS}-0`;
    const events = new QueueEvents(this.#name, { ...this.#options, lastEventId });
    events.on("error", this.#onError);
    const tell = ({ jobId }: { readonly jobId: string }): void => void this.#emitter.emit(jobId);
    for (const change of CHANGES) events.on(change, tell);
    return events;
  }
}
