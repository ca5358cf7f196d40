import type { MessagePort } from "node:worker_threads";

import { PortError } from "../../domain/errors.ts";

import { walkLayer } from "./layer-walk.ts";
import type { FromThread, ToThread } from "./thread-messages.ts";

/** Serves one layer after another over a port; the inner half of the threaded reader. */
export function serveLayers(port: MessagePort): void {
  let current: Arrival | undefined;
  const answer = (message: FromThread): void => port.postMessage(message);
  port.on("message", (message: ToThread) => {
    if (message.kind === "open") {
      const arrival = new Arrival(() => answer({ kind: "taken", id: message.id }));
      current = arrival;
      void readLayer(message, arrival).then(answer);
      return;
    }
    if (message.kind === "bytes") current?.push(message.bytes);
    else if (message.kind === "end") current?.end();
    else current?.abort();
  });
}

async function readLayer(message: ToThread & { readonly kind: "open" }, arrival: Arrival): Promise<FromThread> {
  const { id, layer } = message;
  try {
    return { kind: "read", id, content: await walkLayer(layer, arrival, arrival.signal) };
  } catch (error) {
    if (error instanceof PortError) {
      return { kind: "failed", id, code: error.code, what: error.what, detail: detailOf(error) };
    }
    // A bug of ours: the thread dies of it, which the other side reports, and a new one takes its place.
    queueMicrotask(() => {
      throw error;
    });
    return {
      kind: "failed",
      id,
      code: "server-error",
      what: `layer ${layer.digest}`,
      detail: "the layer thread failed",
    };
  }
}

/** The message without what it is about, which travels apart. */
function detailOf(error: PortError): string {
  return error.message.slice(error.what.length + ": ".length);
}

/** Bytes that came by message, as a blob. */
class Arrival implements AsyncIterable<Uint8Array> {
  readonly #taken: () => void;
  readonly #waiting: Uint8Array[] = [];
  readonly #abort = new AbortController();
  #isOver = false;
  #wake: () => void = () => undefined;

  constructor(taken: () => void) {
    this.#taken = taken;
  }

  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  push(bytes: Uint8Array): void {
    this.#waiting.push(bytes);
    this.#wake();
  }

  end(): void {
    this.#isOver = true;
    this.#wake();
  }

  abort(): void {
    this.#abort.abort();
    this.end();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array, void, undefined> {
    for (;;) {
      const bytes = this.#waiting.shift();
      if (bytes !== undefined) {
        this.#taken();
        yield bytes;
      } else if (this.#isOver) {
        return;
      } else {
        const { promise, resolve } = Promise.withResolvers<void>();
        this.#wake = resolve;
        await promise;
      }
    }
  }
}
