import { setImmediate, setTimeout } from "node:timers/promises";

import type { Keyring } from "../crypto/seal-keys.ts";
import { open, seal, type SealRefusal } from "../crypto/sealed-record.ts";
import { Slices } from "../crypto/slices.ts";
import { InputError, PortError } from "../domain/errors.ts";
import type { Instant } from "../domain/instant.ts";
import type { Clock } from "../ports/clock.ts";
import type { RecordSpace, RecordStore } from "../ports/record-store.ts";
import { piecesOf, type Codec } from "./codec.ts";

export type RecordContext = {
  readonly store: RecordStore;
  readonly keyring: Keyring;
  readonly clock: Clock;
  /** Something else than what we sealed stood there: damage, or somebody's hand. Not called for mere expiry. */
  readonly onRefused: (space: RecordSpace, key: string, why: SealRefusal) => void;
};

/**
 * One kind of record: where it lives, how its type is written, and a version to raise when that changes in a way its codec
 * would not notice. Records of another version are not found.
 */
export type RecordKind<T> = {
  readonly space: RecordSpace;
  readonly version: number;
  readonly codec: Codec<T>;
  /** How many things a value lists, of a kind whose lists have no limit of their own. */
  readonly length?: (value: T) => number;
};

/** A value that lists more is written in pieces, between which others run; it costs twice what writing at once does. */
const LONG = 50;

/** So many writers of one record at the same moment are served; each round serves at least one. */
const MAX_TRIES = 64;
const LONGEST_PAUSE_MS = 20;

/** Bytes under a seal. What does not open is not there. */
export class SealedBytes {
  readonly #context: RecordContext;
  readonly #space: RecordSpace;

  constructor(context: RecordContext, space: RecordSpace) {
    this.#context = context;
    this.#space = space;
  }

  async get(key: string): Promise<Uint8Array | undefined> {
    return this.#open(key, await this.#context.store.get(this.#space, key));
  }

  async getMany(keys: readonly string[]): Promise<readonly (Uint8Array | undefined)[]> {
    const found = await this.#context.store.getMany(this.#space, keys);
    return keys.map((key, index) => this.#open(key, found[index]));
  }

  async put(key: string, payload: Uint8Array, expiresAt?: Instant): Promise<void> {
    const sealed = seal(payload, { space: this.#space, key, expiresAt }, this.#context.keyring);
    await this.#context.store.put(this.#space, key, sealed, expiresAt);
  }

  /** What stands there as it is sealed, for `replace`, and what it says. */
  async read(
    key: string,
  ): Promise<{ readonly sealed: Uint8Array | undefined; readonly payload: Uint8Array | undefined }> {
    const sealed = await this.#context.store.get(this.#space, key);
    return { sealed, payload: this.#open(key, sealed) };
  }

  /** False if something else than `expected` stands there. */
  async replace(key: string, expected: Uint8Array | undefined, payload: Uint8Array): Promise<boolean> {
    const sealed = seal(payload, { space: this.#space, key }, this.#context.keyring);
    return await this.#context.store.replace(this.#space, key, expected, sealed);
  }

  async delete(key: string): Promise<void> {
    await this.#context.store.delete(this.#space, key);
  }

  async list(page: Page): Promise<{ readonly payloads: readonly Uint8Array[]; readonly next: string | undefined }> {
    const { records, next } = await this.#context.store.list(this.#space, page);
    const opened = records.map(({ key, bytes }) => this.#open(key, bytes));
    return { payloads: opened.filter((payload) => payload !== undefined), next };
  }

  #open(key: string, sealed: Uint8Array | undefined): Uint8Array | undefined {
    if (sealed === undefined) return undefined;
    const { clock, keyring, onRefused } = this.#context;
    const opened = open(sealed, { space: this.#space, key, now: clock.now() }, keyring);
    if (opened.kind === "opened") return opened.payload;
    if (opened.why !== "expired") onRefused(this.#space, key, opened.why);
    return undefined;
  }
}

export type Page = { readonly limit: number; readonly after?: string };

/** Values of one type under a seal. */
export class SealedSpace<T> {
  readonly #bytes: SealedBytes;
  readonly #kind: RecordKind<T>;

  constructor(context: RecordContext, kind: RecordKind<T>) {
    this.#bytes = new SealedBytes(context, kind.space);
    this.#kind = kind;
  }

  async get(key: string): Promise<T | undefined> {
    const payload = await this.#bytes.get(key);
    return payload === undefined ? undefined : this.#decode(payload);
  }

  async getMany(keys: readonly string[]): Promise<readonly (T | undefined)[]> {
    const payloads = await this.#bytes.getMany(keys);
    return payloads.map((payload) => (payload === undefined ? undefined : this.#decode(payload)));
  }

  async put(key: string, value: T, expiresAt?: Instant): Promise<void> {
    await this.#bytes.put(key, await this.#encode(value), expiresAt);
    if (this.#isLong(value)) await setImmediate();
  }

  /** Whether it was kept: larger than `limit` bytes, it was not. */
  async putUpTo(limit: number, key: string, value: T): Promise<boolean> {
    const payload = await this.#encode(value);
    if (payload.length > limit) return false;
    await this.#bytes.put(key, payload);
    return true;
  }

  /**
   * Puts what `change` makes of what stands there in its place, whoever else writes at the same time; `change` may run more
   * than once, and leaves all as it is by giving `undefined`. Throws `PortError` (`store-unavailable`) when others are always
   * faster.
   */
  async update(key: string, change: (before: T | undefined) => T | undefined): Promise<void> {
    for (let tries = 0; tries < MAX_TRIES; tries += 1) {
      const { sealed, payload } = await this.#bytes.read(key);
      const after = change(payload === undefined ? undefined : this.#decode(payload));
      if (after === undefined || (await this.#bytes.replace(key, sealed, await this.#encode(after)))) return;
      await setTimeout(Math.random() * Math.min(tries, LONGEST_PAUSE_MS));
    }
    const what = `a record of ${this.#kind.space}`;
    throw new PortError("store-unavailable", what, `others changed it ${MAX_TRIES} times before it could be written`);
  }

  async delete(key: string): Promise<void> {
    await this.#bytes.delete(key);
  }

  async list(page: Page): Promise<{ readonly values: readonly T[]; readonly next: string | undefined }> {
    const { payloads, next } = await this.#bytes.list(page);
    return { values: payloads.map((payload) => this.#decode(payload)).filter((value) => value !== undefined), next };
  }

  #isLong(value: T): boolean {
    const { length } = this.#kind;
    return length !== undefined && length(value) > LONG;
  }

  async #encode(value: T): Promise<Uint8Array> {
    const { version, codec } = this.#kind;
    const text = this.#isLong(value) ? await inSlices(piecesOf(codec, value)) : codec.write(value);
    return Buffer.from(`{"v":${version},"value":${text}}`);
  }

  /** Ours by its seal, so what cannot be read is of another version: a miss, and no alarm. */
  #decode(payload: Uint8Array): T | undefined {
    try {
      const { v, value } = JSON.parse(Buffer.from(payload).toString("utf8")) as { v: unknown; value: unknown };
      return v === this.#kind.version ? this.#kind.codec.decode(value) : undefined;
    } catch (error) {
      if (error instanceof InputError || error instanceof SyntaxError) return undefined;
      throw error;
    }
  }
}

async function inSlices(pieces: Iterable<string>): Promise<string> {
  const slices = new Slices();
  let text = "";
  for (const piece of pieces) {
    text += piece;
    if (slices.isOver) await slices.pause();
  }
  await slices.pause();
  return text;
}
