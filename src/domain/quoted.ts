/** Longer text says no more in a message and could carry a whole body into a log. */
const MAX_QUOTED = 120;

/** A signer's name is longer than most text, and an authority must give all of it. */
export const MAX_QUOTED_NAME = 300;

/**
 * Foreign text for a message: in quotes, clipped, and in printable ASCII, so that it can neither break a log line nor
 * hide a look-alike letter.
 */
export function quoted(text: string, limit: number = MAX_QUOTED): string {
  const clipped = text.length > limit ? `${text.slice(0, limit)}…` : text;
  return JSON.stringify(clipped).replaceAll(/[^\x20-\x7e…]/g, escapeUnit);
}

function escapeUnit(unit: string): string {
  return `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`;
}
