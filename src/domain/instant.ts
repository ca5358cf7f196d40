import type { Brand } from "./brand.ts";
import { InputError } from "./errors.ts";
import { quoted } from "./quoted.ts";

/** A moment in UTC with milliseconds, `2026-11-21T07:31:00.000Z`: sorts as text. */
export type Instant = Brand<string, "Instant">;

const RFC3339 =
  /^([0-9]{4})-([0-9]{2})-([0-9]{2})[Tt]([01][0-9]|2[0-3])(:[0-9]{2}:[0-9]{2})(\.[0-9]+)?([Zz]|[+-][0-9]{2}:[0-9]{2})$/;

// Within these, `toISOString` writes four digits of year and the order of texts is the order of time.
const MIN_MILLIS = Date.parse("0000-01-01T00:00:00.000Z");
const MAX_MILLIS = Date.parse("9999-12-31T23:59:59.999Z");

/** RFC 3339 text, any fraction and offset. Throws `InputError`, for days that no calendar has too. */
export function parseInstant(text: string): Instant {
  const millis = millisOfText(text);
  if (millis === undefined || millis < MIN_MILLIS || millis > MAX_MILLIS) {
    throw new InputError(
      "instant",
      `${quoted(text, 64)} is not a time: write it as RFC 3339, such as 2026-11-21T07:31:00Z`,
    );
  }
  return instantOf(millis);
}

function millisOfText(text: string): number | undefined {
  const match = RFC3339.exec(text);
  if (match === null) return undefined;
  const [, year, month, day, hour, rest, fraction = "", zone = ""] = match;
  // Date.parse moves 30 February into March.
  if (Number(day) > new Date(Date.UTC(2000 + (Number(year) % 400), Number(month), 0)).getUTCDate()) return undefined;
  // It knows at most milliseconds portably; finer digits cannot change a comparison we make.
  const millis = Date.parse(`${year}-${month}-${day}T${hour}${rest}${fraction.slice(0, 4)}${zone.toUpperCase()}`);
  return Number.isNaN(millis) ? undefined : millis;
}

/** From milliseconds since 1970. Throws `InputError` outside the years 0 to 9999. */
export function instantOf(millis: number): Instant {
  if (!(millis >= MIN_MILLIS && millis <= MAX_MILLIS)) {
    throw new InputError("instant", `${millis} milliseconds is not a time between the years 0 and 9999`);
  }
  return new Date(millis).toISOString() as Instant;
}

/** Milliseconds since 1970. */
export function millisOf(instant: Instant): number {
  return Date.parse(instant);
}

export function isBefore(a: Instant, b: Instant): boolean {
  return a < b;
}

/** Stops at the first and the last instant there is, so that a very long wait is no error. */
export function plus(instant: Instant, millis: number): Instant {
  return instantOf(Math.min(Math.max(millisOf(instant) + millis, MIN_MILLIS), MAX_MILLIS));
}

export function earliest(...instants: readonly (Instant | undefined)[]): Instant | undefined {
  return instants.reduce(
    (least, next) => (next !== undefined && (least === undefined || next < least) ? next : least),
    undefined,
  );
}

export function latest(...instants: readonly (Instant | undefined)[]): Instant | undefined {
  return instants.reduce(
    (most, next) => (next !== undefined && (most === undefined || next > most) ? next : most),
    undefined,
  );
}
