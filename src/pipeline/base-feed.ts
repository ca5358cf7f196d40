import { setImmediate } from "node:timers/promises";

import { PortError } from "../domain/errors.ts";
import type { Gap } from "../domain/gap.ts";
import type { BaseSighting } from "../records/base-catalogue.ts";

/** More that waits is not catalogued: whoever verifies it next does it. */
const MAX_WAITING = 1000;

export type FeedParts = {
  readonly add: (sighting: BaseSighting) => Promise<void>;
  readonly onGap: (gap: Gap) => void;
};

/** Writes down which images were seen, one after another, while nobody waits for it. */
export class BaseFeed {
  readonly #parts: FeedParts;
  #last: Promise<void> = Promise.resolve();
  #waiting = 0;

  constructor(parts: FeedParts) {
    this.#parts = parts;
  }

  /** Later; `sighting` gives `undefined` where there is nothing to tell. Whatever becomes of it, nobody's answer changes. */
  learn(sighting: () => BaseSighting | undefined): void {
    if (this.#waiting >= MAX_WAITING) return;
    this.#waiting += 1;
    this.#last = this.#last.then(() => this.#learn(sighting));
  }

  /** Once all that was to be written until now is, or could not be. */
  async settle(): Promise<void> {
    await this.#last;
  }

  async #learn(sighting: () => BaseSighting | undefined): Promise<void> {
    try {
      await setImmediate();
      const seen = sighting();
      if (seen !== undefined) await this.#parts.add(seen);
    } catch (error) {
      this.#parts.onGap(gapFrom(error));
    } finally {
      this.#waiting -= 1;
    }
  }
}

/** The verification it came from has its answer, so a mistake of ours is told like a store that does not answer. */
function gapFrom(error: unknown): Gap {
  const what = "base catalogue";
  if (error instanceof PortError) return { code: error.code, what, detail: error.message };
  const name = error instanceof Error ? error.name : typeof error;
  return { code: "malformed", what, detail: `an image could not be catalogued: ${name}` };
}
