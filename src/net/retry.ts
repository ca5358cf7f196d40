export type RetryTimes = {
  /** The first pause; each further one is twice as long, and all are shortened at random by up to half. */
  readonly baseMs: number;
  /** A registry that asks for a longer pause than this is not waited for; the error says when to come back. */
  readonly maxRetryAfterMs: number;
};

export const DEFAULT_RETRY: RetryTimes = { baseMs: 200, maxRetryAfterMs: 10_000 };

/** Answers that say "later", not "no". Every other status is final. */
const LATER: readonly number[] = [429, 500, 502, 503, 504];

export function isLater(status: number): boolean {
  return LATER.includes(status);
}

/** Milliseconds until a `Retry-After` of seconds or an HTTP date (RFC 9110 10.2.3); `undefined` if it is neither. */
export function parseRetryAfter(header: string | undefined, nowMs: number): number | undefined {
  const text = header?.trim() ?? "";
  if (/^\d{1,9}$/.test(text)) return Number(text) * 1000;
  if (!/^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)/.test(text)) return undefined;
  const at = Date.parse(text);
  return Number.isNaN(at) ? undefined : Math.max(0, at - nowMs);
}

/**
 * The pause after the failed try number `tries` (from 1), or `undefined` to give up because the registry asks for more
 * time than `maxRetryAfterMs`. Never shorter than what it asked for. `random` is in [0, 1).
 */
export function pauseAfter(
  tries: number,
  retryAfterMs: number | undefined,
  times: RetryTimes,
  random: number,
): number | undefined {
  if ((retryAfterMs ?? 0) > times.maxRetryAfterMs) return undefined;
  const backOff = times.baseMs * 2 ** (tries - 1);
  return Math.max(retryAfterMs ?? 0, backOff * (0.5 + random / 2));
}
