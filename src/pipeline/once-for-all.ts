import { setTimeout as sleep } from "node:timers/promises";

import { PortError } from "../domain/errors.ts";
import type { Leases, Taking } from "../records/leases.ts";

/** A piece of work whose outcome all processes can read once one has done it. */
export type SharedWork<T> = {
  readonly key: string;
  /** Where it is done; the work of another place may be slow or refused for reasons that are not ours. */
  readonly place: string;
  /** The outcome, if somebody has done it. */
  readonly find: () => Promise<T | undefined>;
  readonly work: () => Promise<T>;
};

/** How long another's work is waited for, in milliseconds. */
export type Patience = { readonly samePlaceMs: number; readonly otherPlaceMs: number };

/** What takes longer is done twice. Whoever serves slowly must not hold up those who read the same from elsewhere. */
const PATIENCE: Patience = { samePlaceMs: 60_000, otherPlaceMs: 2000 };

const FIRST_PAUSE_MS = 50;
const LONGEST_PAUSE_MS = 1000;

/**
 * Does the work, or waits until another process has. A holder that died, one that takes too long and a store that does not
 * answer cost time or a second walk, never the outcome. Throws what the work throws, and the signal's reason.
 */
export async function onceForAll<T>(
  leases: Leases,
  shared: SharedWork<T>,
  signal: AbortSignal,
  patience: Patience = PATIENCE,
): Promise<T> {
  const since = performance.now();
  for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(pauseMs * 1.5, LONGEST_PAUSE_MS)) {
    const taking = await orNothing(() => leases.take(shared.key, shared.place));
    if (taking === undefined) return shared.work();
    if (taking.kind === "taken") return underLease(taking, shared);
    const isElsewhere = taking.by !== undefined && taking.by !== shared.place;
    const limit = isElsewhere ? patience.otherPlaceMs : patience.samePlaceMs;
    if (performance.now() - since >= limit) return shared.work();
    await pause(pauseMs, signal);
    const found = await shared.find();
    if (found !== undefined) return found;
  }
}

async function underLease<T>({ lease }: Taking & { readonly kind: "taken" }, shared: SharedWork<T>): Promise<T> {
  try {
    // The last holder may have finished since it was looked for.
    return (await shared.find()) ?? (await shared.work());
  } finally {
    await orNothing(() => lease.release());
  }
}

/** Spread out, so that many who wait do not all look in the same moment. */
async function pause(millis: number, signal: AbortSignal): Promise<void> {
  await sleep(millis * (0.75 + Math.random() / 2), undefined, { signal }).catch(() => signal.throwIfAborted());
}

/** What a store answers, or `undefined` where it does not: here that costs effort only. */
export async function orNothing<T>(ask: () => Promise<T>): Promise<T | undefined> {
  try {
    return await ask();
  } catch (error) {
    if (error instanceof PortError) return undefined;
    throw error;
  }
}
