import { setImmediate } from "node:timers/promises";

/** How long one caller's work may hold the thread: far below the 10 ms that others may wait, since a step may be long and the garbage is collected besides. */
const SLICE_MS = 1;

/** Cuts long work into slices, so that look-ups are answered while an image with a thousand signatures is examined. */
export class Slices {
  #startedAt = performance.now();
  #lastTurn: Promise<void> = Promise.resolve();

  /** Whether others have waited long enough: asked in loops of steps too small to pause for at each. */
  get isOver(): boolean {
    return performance.now() - this.#startedAt >= SLICE_MS;
  }

  /** Lets others run if this slice is used up. */
  async pause(): Promise<void> {
    if (!this.isOver) return;
    this.#lastTurn = this.#turnAfter(this.#lastTurn);
    await this.#lastTurn;
  }

  /** One after the other: let go together, all who work under the same slices would take theirs in one turn. */
  async #turnAfter(last: Promise<void>): Promise<void> {
    await last;
    await setImmediate();
    this.#startedAt = performance.now();
  }
}

/** What `step` makes of each item, while others run between. */
export async function mapInSlices<T, U>(items: readonly T[], step: (item: T) => U): Promise<readonly U[]> {
  const slices = new Slices();
  const results: U[] = [];
  for (const item of items) {
    results.push(step(item));
    if (slices.isOver) await slices.pause();
  }
  return results;
}
