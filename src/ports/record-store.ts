import type { Instant } from "../domain/instant.ts";

/** Kinds of records, each with its own retention and size bounds. */
export const RECORD_SPACES = [
  "document",
  "layer",
  "dossier",
  "facts",
  "verdict",
  "verdict-latest",
  "resolution",
  "index-entry",
  "request",
  "trust-memory",
  "base-chain",
  "lease",
] as const;
export type RecordSpace = (typeof RECORD_SPACES)[number];

export type StoredRecord = { readonly key: string; readonly bytes: Uint8Array };

/**
 * Keeps sealed bytes by key. It knows nothing of what they mean: sealing, parsing and hashing happen above it, once for
 * every adapter. A lost record is a cache miss, never an answer. Throws `PortError` (`store-unavailable`).
 */
export interface RecordStore {
  get(space: RecordSpace, key: string): Promise<Uint8Array | undefined>;
  getMany(space: RecordSpace, keys: readonly string[]): Promise<readonly (Uint8Array | undefined)[]>;
  /** Last write wins. `expiresAt` shortens the space's own retention. */
  put(space: RecordSpace, key: string, bytes: Uint8Array, expiresAt?: Instant): Promise<void>;
  /**
   * Puts `bytes` in the place of exactly these `expected` bytes (`undefined`: of nothing), in one step for all who share the
   * store; false, and nothing changed, if something else stands there.
   */
  replace(space: RecordSpace, key: string, expected: Uint8Array | undefined, bytes: Uint8Array): Promise<boolean>;
  delete(space: RecordSpace, key: string): Promise<void>;
  /** Newest first; `after` is the cursor a former page returned. */
  list(
    space: RecordSpace,
    page: { readonly limit: number; readonly after?: string },
  ): Promise<{ readonly records: readonly StoredRecord[]; readonly next: string | undefined }>;
  /** Applies retention and size bounds; adapters also do so by themselves now and then. */
  trim(): Promise<void>;
  ping(): Promise<void>;
  close(): Promise<void>;
}

/** What a space may hold. The oldest go first when a bound is passed. */
export type Retention = { readonly maxAgeMs: number; readonly maxEntries: number; readonly maxBytes: number };
