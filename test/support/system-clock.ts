import { instantOf, plus, type Instant } from "../../src/domain/instant.ts";
import type { Clock } from "../../src/ports/clock.ts";

export const SYSTEM_CLOCK: Clock = { now: () => instantOf(Date.now()) };

/** A clock that stands still until it is moved. */
export class SteppedClock implements Clock {
  #now: Instant;

  constructor(start: Instant) {
    this.#now = start;
  }

  now(): Instant {
    return this.#now;
  }

  advance(millis: number): void {
    this.#now = plus(this.#now, millis);
  }
}
