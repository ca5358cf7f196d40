import { InputError } from "./errors.ts";
import { quoted } from "./quoted.ts";

const UNIT_MILLIS = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;
const DURATION = /^([0-9]{1,9})(ms|s|m|h|d)$/;

/** `90d`, `24h`, `15m`, `30s`, `500ms` → milliseconds. Throws `InputError`. */
export function parseDuration(text: string): number {
  const match = DURATION.exec(text);
  if (match === null) {
    throw new InputError(
      "duration",
      `${quoted(text, 32)} is not a duration: write a whole number and one of ms, s, m, h, d, such as 30d`,
    );
  }
  return Number(match[1]) * UNIT_MILLIS[match[2] as keyof typeof UNIT_MILLIS];
}

/** The largest unit that divides it: 86400000 → `1d`. */
export function formatDuration(millis: number): string {
  for (const unit of ["d", "h", "m", "s"] as const) {
    if (millis !== 0 && millis % UNIT_MILLIS[unit] === 0) return `${millis / UNIT_MILLIS[unit]}${unit}`;
  }
  return `${millis}ms`;
}
