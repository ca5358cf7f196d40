/** A signal that fires after a time or with any of the given signals, and whose timer ends with the block that uses it. */
export class Deadline {
  readonly signal: AbortSignal;
  readonly #timer: NodeJS.Timeout;

  constructor(ms: number, ...signals: readonly AbortSignal[]) {
    const controller = new AbortController();
    this.#timer = setTimeout(() => controller.abort(), ms).unref();
    this.signal = AbortSignal.any([controller.signal, ...signals]);
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
  }
}

/** The promise's outcome, or `undefined` once the signal fires, whatever the promise makes of the signal. */
export function untilAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T | undefined> {
  return new Promise((resolve, reject) => {
    const stop = (): void => resolve(undefined);
    if (signal.aborted) stop();
    signal.addEventListener("abort", stop, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", stop));
  });
}
