import { Worker } from "node:worker_threads";

import type { Descriptor } from "../../domain/descriptor.ts";
import { PortError } from "../../domain/errors.ts";
import type { LayerContent } from "../../domain/layer-facts.ts";

import { BlobTap } from "./blob-tap.ts";
import type { FromThread, ToThread } from "./thread-messages.ts";

const ENTRY = new URL("../../../workers/layer-thread.ts", import.meta.url);
/** What the facts of the largest layer allowed need, with room for the decoders' own. */
const RESOURCE_LIMITS = { maxOldGenerationSizeMb: 384, maxYoungGenerationSizeMb: 32, stackSizeMb: 4 };
/** Bytes per message, and messages on their way: 2 MiB of a layer at most are in flight. */
const MESSAGE_BYTES = 256 * 1024;
const MESSAGES_AHEAD = 8;

type Reading = {
  readonly id: number;
  readonly outcome: PromiseWithResolvers<LayerContent>;
  ahead: number;
  wake: () => void;
  isOver: boolean;
};

/** A worker thread that reads one layer at a time. Once it has crashed it stays `broken`. */
export class LayerThread {
  readonly #worker: Worker;
  #reading: Reading | undefined;
  #ids = 0;
  #broken: string | undefined;

  constructor(entry: URL = ENTRY) {
    this.#worker = new Worker(entry, { resourceLimits: RESOURCE_LIMITS });
    this.#worker.unref();
    this.#worker.on("message", (message: FromThread) => this.#hear(message));
    this.#worker.on("error", (error: unknown) => this.#break(error instanceof Error ? error.message : "unknown"));
    this.#worker.on("exit", (code) => this.#break(`it exited with ${code}`));
  }

  get isBroken(): boolean {
    return this.#broken !== undefined;
  }

  /** Throws what the blob throws, and `PortError`; a crash of the thread is `server-error`. */
  async read(layer: Descriptor, blob: AsyncIterable<Uint8Array>, signal: AbortSignal): Promise<LayerContent> {
    const what = `layer ${layer.digest}`;
    const reading = this.#open(what);
    const tap = new BlobTap(blob, what, signal);
    const abort = (): void => this.#abort(reading, what);
    signal.addEventListener("abort", abort, { once: true });
    this.#worker.ref();
    try {
      this.#post({ kind: "open", id: reading.id, layer });
      // A thread that dies is not waited for until the blob has come.
      await Promise.race([this.#send(reading, tap), reading.outcome.promise]);
      if (signal.aborted) abort();
      return await reading.outcome.promise;
    } catch (error) {
      tap.abandon();
      this.#post({ kind: "abort", id: reading.id });
      throw error;
    } finally {
      signal.removeEventListener("abort", abort);
      this.#worker.unref();
    }
  }

  async close(): Promise<void> {
    await this.#worker.terminate();
  }

  #open(what: string): Reading {
    this.#ids += 1;
    const outcome = Promise.withResolvers<LayerContent>();
    outcome.promise.catch(() => undefined);
    const reading: Reading = { id: this.#ids, outcome, ahead: 0, wake: () => undefined, isOver: false };
    this.#reading = reading;
    if (this.#broken !== undefined) this.#fail(reading, new PortError("server-error", what, this.#broken));
    return reading;
  }

  async #send(reading: Reading, tap: BlobTap): Promise<void> {
    let buffer = Buffer.alloc(MESSAGE_BYTES);
    let filled = 0;
    for await (const chunk of tap) {
      for (let at = 0; at < chunk.length;) {
        const copied = Math.min(chunk.length - at, MESSAGE_BYTES - filled);
        buffer.set(chunk.subarray(at, at + copied), filled);
        at += copied;
        filled += copied;
        if (filled < MESSAGE_BYTES) continue;
        await this.#sendBytes(reading, buffer);
        buffer = Buffer.alloc(MESSAGE_BYTES);
        filled = 0;
      }
      if (reading.isOver) return;
    }
    if (filled > 0) await this.#sendBytes(reading, buffer.subarray(0, filled));
    this.#post({ kind: "end", id: reading.id });
  }

  async #sendBytes(reading: Reading, bytes: Uint8Array<ArrayBuffer>): Promise<void> {
    while (reading.ahead >= MESSAGES_AHEAD && !reading.isOver) {
      const { promise, resolve } = Promise.withResolvers<void>();
      reading.wake = resolve;
      await promise;
    }
    if (reading.isOver) return;
    reading.ahead += 1;
    this.#post({ kind: "bytes", id: reading.id, bytes }, [bytes.buffer]);
  }

  #post(message: ToThread, transfer: ArrayBuffer[] = []): void {
    this.#worker.postMessage(message, transfer);
  }

  #hear(message: FromThread): void {
    const reading = this.#reading;
    if (reading === undefined || reading.id !== message.id) return;
    switch (message.kind) {
      case "taken":
        reading.ahead -= 1;
        reading.wake();
        return;
      case "read":
        reading.outcome.resolve(message.content);
        this.#finish(reading);
        return;
      case "failed":
        this.#fail(reading, new PortError(message.code, message.what, message.detail));
    }
  }

  #abort(reading: Reading, what: string): void {
    this.#fail(reading, new PortError("aborted", what, "reading was aborted"));
  }

  #fail(reading: Reading, error: PortError): void {
    reading.outcome.reject(error);
    this.#finish(reading);
  }

  #finish(reading: Reading): void {
    reading.isOver = true;
    reading.wake();
  }

  #break(why: string): void {
    this.#broken ??= `the layer thread stopped: ${why}`;
    if (this.#reading !== undefined) {
      this.#fail(this.#reading, new PortError("server-error", "layer thread", this.#broken));
    }
  }
}
