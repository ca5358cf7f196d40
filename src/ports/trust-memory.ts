/**
 * What must not be forgotten between looks: metadata versions seen, pins of a first use. Shared by all replicas, kept for
 * ever, sealed. Throws `PortError` (`store-unavailable`), since forgetting would open what it guards.
 */
export interface TrustMemory {
  get(key: string): Promise<Uint8Array | undefined>;
  /** Puts `next` in the place of `before` (as `get` returned it); false if another writer was faster: read and decide again. */
  replace(key: string, before: Uint8Array | undefined, next: Uint8Array): Promise<boolean>;
}
