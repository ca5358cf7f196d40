import { PortError } from "../../domain/errors.ts";

/**
 * A blob as it arrives, counted. Leaving a loop over it does not close it, so that a layer refused half-way can still be
 * read to the end, where its digest is known to be right.
 */
export class BlobTap implements AsyncIterable<Uint8Array> {
  readonly #source: AsyncIterator<Uint8Array>;
  readonly #what: string;
  readonly #signal: AbortSignal;
  readonly #peeked: Uint8Array[] = [];
  #turn: Promise<unknown> = Promise.resolve();
  #bytes = 0;
  #waitedMs = 0;

  constructor(blob: AsyncIterable<Uint8Array>, what: string, signal: AbortSignal) {
    this.#source = blob[Symbol.asyncIterator]();
    this.#what = what;
    this.#signal = signal;
  }

  /** Bytes that have arrived. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Milliseconds spent waiting for the blob rather than reading it. */
  get waitedMs(): number {
    return this.#waitedMs;
  }

  /** The first bytes, at least `count` unless the blob is shorter; they are delivered again by `next`. */
  async peek(count: number): Promise<Uint8Array> {
    while (this.#peeked.reduce((sum, chunk) => sum + chunk.length, 0) < count) {
      const chunk = await this.#pull();
      if (chunk === undefined) break;
      this.#peeked.push(chunk);
    }
    return Buffer.concat(this.#peeked);
  }

  /** The next chunk, or `undefined` at the end. Throws what the blob throws, or `PortError` (`aborted`). */
  async next(): Promise<Uint8Array | undefined> {
    return this.#peeked.shift() ?? (await this.#pull());
  }

  /** Reads and forgets the rest. */
  async drain(): Promise<void> {
    while ((await this.next()) !== undefined);
  }

  /** Gives the blob up, without waiting for a source that may never answer. */
  abandon(): void {
    void this.#source.return?.().catch(() => undefined);
  }

  [Symbol.asyncIterator](): AsyncIterator<Uint8Array> {
    return {
      next: async () => {
        const value = await this.next();
        return value === undefined ? { done: true, value } : { done: false, value };
      },
    };
  }

  /** One question at a time, whoever asks: a decoder being torn down may still have one open. */
  #pull(): Promise<Uint8Array | undefined> {
    const turn = this.#turn.then(() => this.#ask());
    this.#turn = turn.catch(() => undefined);
    return turn;
  }

  async #ask(): Promise<Uint8Array | undefined> {
    const since = performance.now();
    const result = await this.#unlessAborted(this.#source.next());
    this.#waitedMs += performance.now() - since;
    if (result.done === true) return undefined;
    this.#bytes += result.value.length;
    return result.value;
  }

  async #unlessAborted<T>(answer: Promise<T>): Promise<T> {
    const aborted = Promise.withResolvers<never>();
    const abort = (): void => aborted.reject(new PortError("aborted", this.#what, "reading was aborted"));
    if (this.#signal.aborted) abort();
    this.#signal.addEventListener("abort", abort, { once: true });
    try {
      return await Promise.race([answer, aborted.promise]);
    } finally {
      this.#signal.removeEventListener("abort", abort);
      answer.catch(() => undefined);
    }
  }
}
