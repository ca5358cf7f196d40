import { randomUUID } from "node:crypto";

import { open, seal } from "../crypto/sealed-record.ts";
import { plus, type Instant } from "../domain/instant.ts";
import { InputError } from "../domain/errors.ts";
import { struct, text } from "./codec.ts";
import type { RecordContext } from "./sealed-space.ts";

const SPACE = "lease";
/** How long a lease stands without its holder's word: a dead holder costs the others this much. */
const LEASE_MS = 15_000;
/** Three words may get lost before it lapses. */
const RENEWALS = 4;

const holder = struct<{ readonly id: string; readonly by: string }>({ id: text, by: text });

/** Somebody's promise to do a piece of work; to be released, or it lapses. */
export interface Lease {
  release(): Promise<void>;
}

/** `by` is what the holder said of itself; `undefined` if it was not heard. */
export type Taking =
  | { readonly kind: "taken"; readonly lease: Lease }
  | { readonly kind: "held"; readonly by: string | undefined };

/**
 * Who does what, among all processes that share a store, so that they need not all do it. Nothing rests on a lease but
 * effort: two who both think they hold one do the work twice. Throws `PortError` (`store-unavailable`).
 */
export class Leases {
  readonly #context: RecordContext;
  readonly #leaseMs: number;

  constructor(context: RecordContext, leaseMs: number = LEASE_MS) {
    this.#context = context;
    this.#leaseMs = leaseMs;
  }

  /** Takes the lease unless another holds it. It is renewed until it is released or this process ends. */
  async take(key: string, by: string): Promise<Taking> {
    const { store } = this.#context;
    const present = await store.get(SPACE, key);
    const other = present === undefined ? undefined : this.#holderIn(key, present);
    if (other !== undefined) return { kind: "held", by: other };
    const held = new HeldLease(this.#context, { key, by, leaseMs: this.#leaseMs });
    return (await held.begin(present)) ? { kind: "taken", lease: held } : { kind: "held", by: undefined };
  }

  /** Who holds it now. What does not open is nobody's, and is written over. */
  #holderIn(key: string, sealed: Uint8Array): string | undefined {
    const { clock, keyring, onRefused } = this.#context;
    const now = clock.now();
    const found = open(sealed, { space: SPACE, key, now }, keyring);
    if (found.kind === "refused") {
      if (found.why !== "expired") onRefused(SPACE, key, found.why);
      return undefined;
    }
    return holderOf(found.payload);
  }
}

/** Another version's lease is as good as none. */
function holderOf(payload: Uint8Array): string | undefined {
  try {
    return holder.decode(JSON.parse(Buffer.from(payload).toString("utf8"))).by;
  } catch (error) {
    if (error instanceof InputError || error instanceof SyntaxError) return undefined;
    throw error;
  }
}

type Term = { readonly key: string; readonly by: string; readonly leaseMs: number };

class HeldLease implements Lease {
  readonly #context: RecordContext;
  readonly #term: Term;
  /** Nobody else writes the same bytes, so that what is replaced is known to be ours. */
  readonly #id = randomUUID();
  #bytes: Uint8Array | undefined;
  #timer: NodeJS.Timeout | undefined;
  #renewal: Promise<void> = Promise.resolve();

  constructor(context: RecordContext, term: Term) {
    this.#context = context;
    this.#term = term;
  }

  async begin(present: Uint8Array | undefined): Promise<boolean> {
    this.#bytes = present;
    if (!(await this.#write(plus(this.#context.clock.now(), this.#term.leaseMs)))) return false;
    this.#timer = setInterval(() => {
      this.#renewal = this.#renewal.then(() => this.#renew());
    }, this.#term.leaseMs / RENEWALS).unref();
    return true;
  }

  /** Leaves a lease that is over rather than none: deleting could hit another's. */
  async release(): Promise<void> {
    clearInterval(this.#timer);
    await this.#renewal;
    await this.#write(this.#context.clock.now());
  }

  /** One that cannot be renewed lapses, and the work goes on. */
  async #renew(): Promise<void> {
    const isOurs = await this.#write(plus(this.#context.clock.now(), this.#term.leaseMs)).catch(() => true);
    if (!isOurs) clearInterval(this.#timer);
  }

  async #write(until: Instant): Promise<boolean> {
    const { keyring, store } = this.#context;
    const { key, by } = this.#term;
    const payload = Buffer.from(JSON.stringify({ id: this.#id, by }));
    const next = seal(payload, { space: SPACE, key, expiresAt: until }, keyring);
    const isWritten = await store.replace(SPACE, key, this.#bytes, next);
    if (isWritten) this.#bytes = next;
    return isWritten;
  }
}
