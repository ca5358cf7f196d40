import { PortError } from "../domain/errors.ts";

/** A signal that also fires after `ms`, and the way to let go of its timer and of the outer signal. */
export type Deadline = {
  readonly signal: AbortSignal;
  /** Starts the time again: this many milliseconds from now. */
  readonly extend: (ms: number) => void;
  readonly end: () => void;
};

/** Its abort reason is the `PortError` to throw, or whatever the outer signal was aborted with. */
export function startDeadline(outer: AbortSignal, ms: number, what: string): Deadline {
  const controller = new AbortController();
  const forward = (): void => controller.abort(outer.reason);
  const start = (millis: number): NodeJS.Timeout =>
    setTimeout(() => controller.abort(new PortError("timeout", what, `no whole answer within ${millis} ms`)), millis);
  let timer = start(ms);
  if (outer.aborted) forward();
  else outer.addEventListener("abort", forward, { once: true });
  const extend = (millis: number): void => {
    clearTimeout(timer);
    timer = start(millis);
  };
  const end = (): void => {
    clearTimeout(timer);
    outer.removeEventListener("abort", forward);
  };
  return { signal: controller.signal, extend, end };
}

/** Waits, or throws the signal's reason as soon as it fires. */
export async function pause(ms: number, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  await new Promise<void>((resolve, reject) => {
    const stop = (): void => {
      clearTimeout(timer);
      reject(signal.reason instanceof Error ? signal.reason : new Error("aborted", { cause: signal.reason }));
    };
    const timer = setTimeout(() => {
      signal.removeEventListener("abort", stop);
      resolve();
    }, ms);
    signal.addEventListener("abort", stop, { once: true });
  });
}

/** The promise's outcome, or the signal's reason if that comes first; the work itself goes on for whoever else waits. */
export async function whileWanted<Value>(work: Promise<Value>, signal: AbortSignal): Promise<Value> {
  if (signal.aborted) throw signal.reason;
  let stop = (): void => undefined;
  const left = new Promise<never>((_resolve, reject) => {
    stop = () =>
      reject(signal.reason instanceof Error ? signal.reason : new Error("aborted", { cause: signal.reason }));
    signal.addEventListener("abort", stop, { once: true });
  });
  try {
    return await Promise.race([work, left]);
  } finally {
    signal.removeEventListener("abort", stop);
  }
}
