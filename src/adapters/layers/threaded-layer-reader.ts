import type { Descriptor } from "../../domain/descriptor.ts";
import { PortError } from "../../domain/errors.ts";
import type { LayerContent } from "../../domain/layer-facts.ts";
import type { LayerReader } from "../../ports/layer-reader.ts";

import { LayerThread } from "./layer-thread.ts";

export type ThreadedLayerReaderOptions = {
  /** Layers read at the same time; more wait, and so do their blobs. */
  readonly threads: number;
  /** Another program for the thread, for tests of its crashes. */
  readonly entry?: URL;
};

/** Reads layers in worker threads, so that inflating, hashing and walking keep nobody waiting. Threads start when needed. */
export class ThreadedLayerReader implements LayerReader {
  readonly #options: ThreadedLayerReaderOptions;
  readonly #idle: LayerThread[] = [];
  readonly #all = new Set<LayerThread>();
  readonly #waiting: (() => void)[] = [];
  #busy = 0;
  #isClosed = false;

  constructor(options: ThreadedLayerReaderOptions) {
    this.#options = options;
  }

  /** Throws what the blob throws, and `PortError`; a crashed thread is `server-error`, and the next layer gets a new one. */
  async read(layer: Descriptor, blob: AsyncIterable<Uint8Array>, signal: AbortSignal): Promise<LayerContent> {
    const what = `layer ${layer.digest}`;
    await this.#turn(what, signal);
    try {
      const thread = this.#thread(what);
      try {
        return await thread.read(layer, blob, signal);
      } finally {
        this.#release(thread);
      }
    } finally {
      this.#busy -= 1;
      this.#waiting.shift()?.();
    }
  }

  /** Ends every thread; layers being read fail as `server-error`. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await Promise.all([...this.#all].map((thread) => thread.close()));
    this.#all.clear();
  }

  /** Waits until one of the threads is free, in the order of asking. */
  async #turn(what: string, signal: AbortSignal): Promise<void> {
    while (this.#busy >= this.#options.threads && !signal.aborted) {
      const { promise, resolve } = Promise.withResolvers<void>();
      const wake = (): void => resolve();
      this.#waiting.push(wake);
      signal.addEventListener("abort", wake, { once: true });
      await promise;
      signal.removeEventListener("abort", wake);
      const left = this.#waiting.indexOf(wake);
      if (left >= 0) this.#waiting.splice(left, 1);
    }
    if (signal.aborted) {
      // The turn may just have been given: it goes to the next.
      this.#waiting.shift()?.();
      throw new PortError("aborted", what, "reading was aborted while waiting for a thread");
    }
    this.#busy += 1;
  }

  #thread(what: string): LayerThread {
    if (this.#isClosed) throw new PortError("aborted", what, "the layer reader is closed");
    const idle = this.#idle.pop();
    if (idle !== undefined && !idle.isBroken) return idle;
    if (idle !== undefined) this.#all.delete(idle);
    const made = new LayerThread(this.#options.entry);
    this.#all.add(made);
    return made;
  }

  #release(thread: LayerThread): void {
    if (thread.isBroken) this.#all.delete(thread);
    else this.#idle.push(thread);
  }
}

export function createThreadedLayerReader(options: ThreadedLayerReaderOptions): ThreadedLayerReader {
  return new ThreadedLayerReader(options);
}
