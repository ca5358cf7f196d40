import type { CelDuration, CelTimestamp } from "./value.ts";

const SECOND = 1_000_000_000n;
const UNITS: Readonly<Record<string, bigint>> = {
  ns: 1n,
  us: 1000n,
  µs: 1000n,
  ms: 1_000_000n,
  s: SECOND,
  m: 60n * SECOND,
  h: 3600n * SECOND,
};
const FIRST = BigInt(Date.parse("0001-01-01T00:00:00Z")) * 1_000_000n;
const LAST = BigInt(Date.parse("9999-12-31T23:59:59Z")) * 1_000_000n + SECOND - 1n;
const LONGEST_DURATION_TEXT = 128;

const RFC3339 =
  /^([0-9]{4})-([0-9]{2})-([0-9]{2})T([0-9]{2}):([0-9]{2}):([0-9]{2})(?:\.([0-9]{1,9}))?(Z|[+-][0-9]{2}:[0-9]{2})$/;

/** RFC 3339 to the nanosecond; `undefined` for anything else, days that no calendar has included. */
export function timestampOf(text: string): CelTimestamp | undefined {
  const match = RFC3339.exec(text);
  if (match === null) return undefined;
  const [, year, month, day, hour, minute, second, fraction = "", zone = ""] = match;
  const date = `${year}-${month}-${day}`;
  const midnight = Date.parse(`${date}T00:00:00Z`);
  if (Number.isNaN(midnight) || !new Date(midnight).toISOString().startsWith(date)) return undefined;
  if (Number(hour) > 23 || Number(minute) > 59 || Number(second) > 59) return undefined;
  const offset = offsetOf(zone);
  if (offset === undefined) return undefined;
  const seconds = midnight / 1000 + Number(hour) * 3600 + Number(minute) * 60 + Number(second) - offset;
  return timestamp(BigInt(seconds) * SECOND + BigInt(fraction.padEnd(9, "0")));
}

/** Seconds east of Greenwich. */
function offsetOf(zone: string): number | undefined {
  if (zone === "Z") return 0;
  const [hours = 0, minutes = 0] = zone.slice(1).split(":").map(Number);
  if (hours > 23 || minutes > 59) return undefined;
  return (zone.startsWith("-") ? -1 : 1) * (hours * 3600 + minutes * 60);
}

/** `undefined` outside the years 1 to 9999. */
export function timestamp(nanos: bigint): CelTimestamp | undefined {
  return nanos >= FIRST && nanos <= LAST ? { kind: "timestamp", nanos } : undefined;
}

const AMOUNT = /^(?:([0-9]+)(?:\.([0-9]*))?|\.([0-9]+))(ns|us|µs|ms|s|m|h)/;

/** `1h30m`, `-1.5s`, `0`: as Go writes durations. */
export function durationOf(text: string): CelDuration | undefined {
  if (text.length > LONGEST_DURATION_TEXT) return undefined;
  const unsigned = text.replace(/^[+-]/, "");
  if (unsigned === "0") return duration(0n);
  const nanos = amountOf(unsigned);
  return nanos === undefined ? undefined : duration(text.startsWith("-") ? -nanos : nanos);
}

function amountOf(text: string): bigint | undefined {
  let rest = text;
  let nanos: bigint | undefined;
  while (rest !== "") {
    const [whole, int = "0", fraction, bare, unit = ""] = AMOUNT.exec(rest) ?? [];
    const size = UNITS[unit];
    if (whole === undefined || size === undefined) return undefined;
    const digits = fraction ?? bare ?? "";
    nanos =
      (nanos ?? 0n) + BigInt(int) * size + (BigInt(digits === "" ? "0" : digits) * size) / 10n ** BigInt(digits.length);
    rest = rest.slice(whole.length);
  }
  return nanos;
}

/** `undefined` beyond 64 bits of nanoseconds. */
export function duration(nanos: bigint): CelDuration | undefined {
  return nanos === BigInt.asIntN(64, nanos) ? { kind: "duration", nanos } : undefined;
}

export function formatTimestamp({ nanos }: CelTimestamp): string {
  const within = ((nanos % SECOND) + SECOND) % SECOND;
  const seconds = new Date(Number((nanos - within) / 1_000_000n)).toISOString().slice(0, 19);
  return `${seconds}${formatFraction(within)}Z`;
}

/** Seconds, as protobuf's JSON has it: `5400s`, `-0.500s`. */
export function formatDuration({ nanos }: CelDuration): string {
  const size = nanos < 0n ? -nanos : nanos;
  return `${nanos < 0n ? "-" : ""}${size / SECOND}${formatFraction(size % SECOND)}s`;
}

/** None, three, six or nine digits (protobuf, JSON Mapping). */
function formatFraction(nanos: bigint): string {
  const digits = nanos.toString().padStart(9, "0");
  const shown = digits.endsWith("000000") ? 3 : digits.endsWith("000") ? 6 : 9;
  return nanos === 0n ? "" : `.${digits.slice(0, shown)}`;
}

/** Whole seconds since 1970, rounded down. */
export function secondsOf({ nanos }: CelTimestamp | CelDuration): bigint {
  return (nanos - (((nanos % SECOND) + SECOND) % SECOND)) / SECOND;
}

/** The fields of a timestamp in UTC, by the methods' names. */
export const TIMESTAMP_FIELDS: Readonly<Record<string, (date: Date) => number>> = {
  getFullYear: (date) => date.getUTCFullYear(),
  getMonth: (date) => date.getUTCMonth(),
  getDate: (date) => date.getUTCDate(),
  getDayOfMonth: (date) => date.getUTCDate() - 1,
  getDayOfWeek: (date) => date.getUTCDay(),
  getDayOfYear: (date) =>
    (Date.UTC(2000, date.getUTCMonth(), date.getUTCDate()) - Date.UTC(2000, 0, 1)) / 86_400_000 -
    (date.getUTCMonth() > 1 && !isLeap(date.getUTCFullYear()) ? 1 : 0),
  getHours: (date) => date.getUTCHours(),
  getMinutes: (date) => date.getUTCMinutes(),
  getSeconds: (date) => date.getUTCSeconds(),
  getMilliseconds: (date) => date.getUTCMilliseconds(),
};

function isLeap(year: number): boolean {
  return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
}

export function dateOf({ nanos }: CelTimestamp): Date {
  const within = ((nanos % 1_000_000n) + 1_000_000n) % 1_000_000n;
  return new Date(Number((nanos - within) / 1_000_000n));
}

/** What of a duration its methods give: the whole of it in that unit, but milliseconds within the second. */
export const DURATION_FIELDS: Readonly<Record<string, (nanos: bigint) => bigint>> = {
  getHours: (nanos) => nanos / (3600n * SECOND),
  getMinutes: (nanos) => nanos / (60n * SECOND),
  getSeconds: (nanos) => nanos / SECOND,
  getMilliseconds: (nanos) => (nanos % SECOND) / 1_000_000n,
};
