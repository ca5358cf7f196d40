/** Aborts at the first signal to stop; a second one ends the process at once. */
export class Stop implements Disposable {
  readonly #controller = new AbortController();
  readonly #listener = (signal: NodeJS.Signals): void => {
    if (this.signal.aborted) process.exit(128 + (signal === "SIGINT" ? 2 : 15));
    this.#controller.abort();
  };

  constructor() {
    for (const name of SIGNALS) process.on(name, this.#listener);
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Resolves when told to stop. */
  async asked(): Promise<void> {
    // Signal handlers alone keep no process alive.
    const alive = setInterval(() => undefined, 60_000);
    await new Promise<void>((resolve) => {
      if (this.signal.aborted) resolve();
      else this.signal.addEventListener("abort", () => resolve(), { once: true });
    });
    clearInterval(alive);
  }

  [Symbol.dispose](): void {
    for (const name of SIGNALS) process.off(name, this.#listener);
  }
}

/** The last one is a terminal that was closed. */
const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
