import type { ConfigFact } from "./facts.ts";
import type { HistoryEntry } from "./image-config.ts";
import { latest, millisOf, parseInstant, type Instant } from "./instant.ts";

/** Reproducible builds write 1970 or 1980: a date not after this one is none (reference: inspection, section 1.2). */
const FIRST_BELIEVABLE = millisOf(parseInstant("1990-01-01T00:00:00Z"));

/** When an image was built, by its own word, and where it says so. */
export type BuildDate = { readonly at: Instant; readonly source: "its creation date" | "its history" };

/**
 * The later of the configuration's own date and its history's latest, of those one can believe: a build that keeps the date
 * of its base, or sets its own to 1970, still dates the steps it made.
 */
export function buildDateOf(config: Pick<ConfigFact, "created" | "historyCreated">): BuildDate | undefined {
  const [created, history] = [believable(config.created), believable(config.historyCreated)];
  const at = latest(created, history);
  return at === undefined ? undefined : { at, source: at === created ? "its creation date" : "its history" };
}

/** The latest date of a history, believable or not. */
export function historyDateOf(history: readonly HistoryEntry[]): Instant | undefined {
  return history.reduce<Instant | undefined>((last, { created }) => latest(last, created), undefined);
}

function believable(date: Instant | undefined): Instant | undefined {
  return date !== undefined && millisOf(date) > FIRST_BELIEVABLE ? date : undefined;
}
