/** Longer waits belong to the event stream; proxies cut silent connections at about a minute. */
export const MAX_WAIT_SECONDS = 60;

// RFC 7240, 2: preference = token [ BWS "=" BWS word ]; the first of several equal ones counts.
const WAIT = /(?:^|,)\s*wait\s*=\s*(?:"(\d{1,9})"|(\d{1,9}))\s*(?=$|[,;])/i;

/**
 * Whole seconds the caller would wait, capped at `MAX_WAIT_SECONDS`; 0 if it said nothing that can be read, since a
 * preference never makes a request fail (RFC 7240, 2).
 */
export function parseWait(header: string | undefined): number {
  const match = WAIT.exec((header ?? "").slice(0, 1024));
  return match === null ? 0 : Math.min(Number(match[1] ?? match[2]), MAX_WAIT_SECONDS);
}

/** Says what of the preference was honoured (RFC 7240, 3). */
export function preferenceApplied(seconds: number): Readonly<Record<string, string>> {
  return seconds === 0 ? {} : { "preference-applied": `wait=${seconds}` };
}
