import { instantOf, type Instant } from "../../domain/instant.ts";
import type { Clock } from "../../ports/clock.ts";

let last: { readonly millis: number; readonly instant: Instant } = { millis: 0, instant: instantOf(0) };

/** The machine's clock. It is asked many times within a millisecond, which is then spelled once. */
export const systemClock: Clock = {
  now: () => {
    const millis = Date.now();
    if (millis !== last.millis) last = { millis, instant: instantOf(millis) };
    return last.instant;
  },
};
