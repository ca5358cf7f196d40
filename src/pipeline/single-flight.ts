/**
 * Callers who ask for one key while it is being worked on share the work. The work is cancelled only when every caller
 * has left, so one impatient caller cannot spoil the others' answer.
 */
export class SingleFlight<T> {
  readonly #flights = new Map<string, Flight<T>>();

  async run(key: string, signal: AbortSignal, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    signal.throwIfAborted();
    const flight = this.#flights.get(key) ?? this.#start(key, work);
    flight.callers += 1;
    try {
      return await untilAborted(flight.result, signal);
    } finally {
      flight.callers -= 1;
      if (flight.callers === 0) this.#leave(key, flight);
    }
  }

  #start(key: string, work: (signal: AbortSignal) => Promise<T>): Flight<T> {
    const controller = new AbortController();
    const flight: Flight<T> = { controller, callers: 0, result: work(controller.signal) };
    this.#flights.set(key, flight);
    const land = (): void => {
      if (this.#flights.get(key) === flight) this.#flights.delete(key);
    };
    flight.result.then(land, land);
    return flight;
  }

  #leave(key: string, flight: Flight<T>): void {
    // What has landed is no longer listed, and has nothing left to cancel.
    if (this.#flights.get(key) !== flight) return;
    this.#flights.delete(key);
    flight.controller.abort(new Error("no caller is waiting any more"));
  }
}

type Flight<T> = { readonly controller: AbortController; readonly result: Promise<T>; callers: number };

/** The promise's outcome, or the signal's reason if that comes first. */
async function untilAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const onAbort = (): void => reject(signal.reason);
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}
