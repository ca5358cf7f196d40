import { setImmediate } from "node:timers/promises";

/** How long one caller's work may hold the thread: well below the 10 ms that others may be kept waiting. */
const SLICE_MS = 2;

/** Cuts long work into slices, so that look-ups are answered while an image with a thousand signatures is examined. */
export class Slices {
  #startedAt = performance.now();

  /** Whether others have waited long enough: asked in loops of steps too small to pause for at each. */
  get isOver(): boolean {
    return performance.now() - this.#startedAt >= SLICE_MS;
  }

  /** Lets others run if this slice is used up. */
  async pause(): Promise<void> {
    if (!this.isOver) return;
    await setImmediate();
    this.#startedAt = performance.now();
  }
}
