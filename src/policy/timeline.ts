import { instantOf, millisOf, type Instant } from "../domain/instant.ts";

/** The instant of a judgement, which remembers what it was compared with. */
export type Timeline = {
  readonly at: Instant;
  /** Whether the instant is now or past. Each call may end the time for which the judgement holds. */
  readonly reached: (instant: Instant) => boolean;
  /** From the last instant that was reached, until just before the next one: no comparison made so far changes between. */
  readonly bounds: () => { readonly validFrom: Instant | undefined; readonly validUntil: Instant | undefined };
};

export function timelineAt(at: Instant): Timeline {
  const now = millisOf(at);
  // Numbers, not texts: years beyond 9999 do not sort as text, and a date in an image is anybody's word.
  const past: number[] = [];
  const future: number[] = [];
  return {
    at,
    reached: (instant) => {
      const millis = millisOf(instant);
      (millis <= now ? past : future).push(millis);
      return millis <= now;
    },
    bounds: () => ({
      validFrom: past.length === 0 ? undefined : instantOf(past.reduce((a, b) => Math.max(a, b))),
      validUntil: future.length === 0 ? undefined : instantOf(future.reduce((a, b) => Math.min(a, b))),
    }),
  };
}
