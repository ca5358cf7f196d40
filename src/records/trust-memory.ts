import { open, seal } from "../crypto/sealed-record.ts";
import { PortError } from "../domain/errors.ts";
import type { TrustMemory } from "../ports/trust-memory.ts";
import type { RecordContext } from "./sealed-space.ts";

const SPACE = "trust-memory";

/**
 * What must not be forgotten, sealed in the store that all replicas share. What stands there and does not open is not
 * "nothing seen": it throws `PortError` (`store-unavailable`), and nothing is written over it.
 */
export function createTrustMemory(context: RecordContext): TrustMemory {
  const { store, keyring } = context;
  const read = async (key: string): Promise<Remembered> => {
    const sealed = await store.get(SPACE, key);
    return { sealed, payload: sealed === undefined ? undefined : opened(key, sealed, context) };
  };
  return {
    get: async (key) => (await read(key)).payload,
    replace: async (key, before, next) => {
      const { sealed, payload } = await read(key);
      if (!isSame(payload, before)) return false;
      return store.replace(SPACE, key, sealed, seal(next, { space: SPACE, key }, keyring));
    },
  };
}

type Remembered = { readonly sealed: Uint8Array | undefined; readonly payload: Uint8Array | undefined };

function opened(key: string, sealed: Uint8Array, { keyring, clock, onRefused }: RecordContext): Uint8Array {
  const found = open(sealed, { space: SPACE, key, now: clock.now() }, keyring);
  if (found.kind === "opened") return found.payload;
  onRefused(SPACE, key, found.why);
  throw new PortError(
    "store-unavailable",
    "trust memory",
    `a record does not open (${found.why}): restore the seal keys it was written with, or delete it if what was seen may be forgotten`,
  );
}

function isSame(a: Uint8Array | undefined, b: Uint8Array | undefined): boolean {
  if (a === undefined || b === undefined) return a === b;
  return Buffer.compare(a, b) === 0;
}
