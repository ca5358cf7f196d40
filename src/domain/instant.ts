import type { Brand } from "./brand.ts";
import { InputError } from "./errors.ts";

/** A moment in UTC with milliseconds, `2026-11-21T07:31:00.000Z`: sorts as text. */
export type Instant = Brand<string, "Instant">;

const RFC3339 = /^(\d{4}-\d{2}-\d{2})[Tt](\d{2}:\d{2}:\d{2})(\.\d+)?([Zz]|[+-]\d{2}:\d{2})$/;

/** RFC 3339 text, any fraction and offset. Throws `InputError`. */
export function parseInstant(text: string): Instant {
  const match = RFC3339.exec(text);
  // Date.parse knows at most milliseconds portably; finer digits cannot change a comparison we make.
  const millis =
    match === null
      ? Number.NaN
      : Date.parse(`${match[1]}T${match[2]}${(match[3] ?? "").slice(0, 4)}${(match[4] ?? "Z").toUpperCase()}`);
  if (Number.isNaN(millis)) {
    throw new InputError(
      "instant",
      `"${text.slice(0, 64)}" is not a time: write it as RFC 3339, such as 2026-11-21T07:31:00Z`,
    );
  }
  return instantOf(millis);
}

/** From milliseconds since 1970. */
export function instantOf(millis: number): Instant {
  return new Date(millis).toISOString() as Instant;
}

/** Milliseconds since 1970. */
export function millisOf(instant: Instant): number {
  return Date.parse(instant);
}

export function isBefore(a: Instant, b: Instant): boolean {
  return a < b;
}

export function plus(instant: Instant, millis: number): Instant {
  return instantOf(millisOf(instant) + millis);
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
