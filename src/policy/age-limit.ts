import { formatDuration, parseDuration } from "../domain/duration.ts";
import { InputError } from "../domain/errors.ts";

/** A century; more would leave the calendar that instants are written in. */
const LONGEST_MS = 36_500 * 86_400_000;

/** How far the clocks of the machine that wrote a date and of this one may be apart. */
export const CLOCK_SKEW_MS = 5 * 60_000;

/** How old something may be, in milliseconds. Throws `InputError`. */
export function parseAgeLimit(text: string): number {
  const millis = parseDuration(text);
  if (millis > 0 && millis <= LONGEST_MS) return millis;
  throw new InputError("duration", `the age "${text}" is not between 1ms and ${formatDuration(LONGEST_MS)}`);
}
