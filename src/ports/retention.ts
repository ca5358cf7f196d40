import type { RecordSpace, Retention } from "./record-store.ts";

const DAY = 24 * 3_600_000;
const MIB = 1024 * 1024;

/** What was seen of others' metadata guards against older metadata, so none of it may make room for more. */
const FOR_EVER: Retention = {
  maxAgeMs: 1000 * 365 * DAY,
  maxEntries: Number.MAX_SAFE_INTEGER,
  maxBytes: Number.MAX_SAFE_INTEGER,
};

/**
 * What each space may hold by default. Bytes named by digest never go stale and are kept longest; what was seen at a
 * moment (where a tag points) is refreshed at the price of one request, and kept short. Together below 5 GiB.
 */
export const DEFAULT_RETENTION: Readonly<Record<RecordSpace, Retention>> = {
  document: { maxAgeMs: 90 * DAY, maxEntries: 500_000, maxBytes: 1024 * MIB },
  layer: { maxAgeMs: 180 * DAY, maxEntries: 200_000, maxBytes: 1024 * MIB },
  dossier: { maxAgeMs: 90 * DAY, maxEntries: 200_000, maxBytes: 256 * MIB },
  facts: { maxAgeMs: 30 * DAY, maxEntries: 200_000, maxBytes: 256 * MIB },
  verdict: { maxAgeMs: 30 * DAY, maxEntries: 1_000_000, maxBytes: 1024 * MIB },
  "verdict-latest": { maxAgeMs: 30 * DAY, maxEntries: 1_000_000, maxBytes: 512 * MIB },
  resolution: { maxAgeMs: DAY, maxEntries: 200_000, maxBytes: 128 * MIB },
  "index-entry": { maxAgeMs: 90 * DAY, maxEntries: 500_000, maxBytes: 256 * MIB },
  "trust-memory": FOR_EVER,
  "base-chain": { maxAgeMs: 365 * DAY, maxEntries: 500_000, maxBytes: 256 * MIB },
  lease: { maxAgeMs: DAY, maxEntries: 100_000, maxBytes: 16 * MIB },
  request: { maxAgeMs: 7 * DAY, maxEntries: 100_000, maxBytes: 128 * MIB },
};
