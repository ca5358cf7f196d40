import { millisOf, type Instant } from "../../domain/instant.ts";
import type { Clock } from "../../ports/clock.ts";
import {
  RECORD_SPACES,
  type RecordSpace,
  type RecordStore,
  type Retention,
  type StoredRecord,
} from "../../ports/record-store.ts";
import type { RedisLink } from "./link.ts";
import { assertReady } from "./readiness.ts";
import { DELETE, PUT, REPLACE, SWEEP } from "./record-scripts.ts";
import { runScript } from "./script.ts";

export type RedisRecordOptions = {
  readonly retention: Readonly<Record<RecordSpace, Retention>>;
  readonly clock: Clock;
  /** The first part of every key, so that an ACL can be limited to it; `assay` if not given. */
  readonly prefix?: string;
};

/** A single script must not hold Redis for long. */
const SWEEP_LIMIT = 500;

/** Records as Redis strings, `PREFIX:{SPACE}:KEY`. The link belongs to the caller and stays open. */
export function redisRecordStore(link: RedisLink, options: RedisRecordOptions): RecordStore {
  return new RedisRecordStore(link, options);
}

class RedisRecordStore implements RecordStore {
  readonly #link: RedisLink;
  readonly #options: RedisRecordOptions;
  readonly #prefix: string;

  constructor(link: RedisLink, options: RedisRecordOptions) {
    this.#link = link;
    this.#options = options;
    this.#prefix = options.prefix ?? "assay";
  }

  async get(space: RecordSpace, key: string): Promise<Uint8Array | undefined> {
    const bytes = await this.#link.run((redis) => redis.getBuffer(this.#keyPrefix(space) + key));
    return bytes ?? undefined;
  }

  async getMany(space: RecordSpace, keys: readonly string[]): Promise<readonly (Uint8Array | undefined)[]> {
    if (keys.length === 0) return [];
    const prefix = this.#keyPrefix(space);
    const found = await this.#link.run((redis) => redis.mgetBuffer(keys.map((key) => prefix + key)));
    return found.map((bytes) => bytes ?? undefined);
  }

  async put(space: RecordSpace, key: string, bytes: Uint8Array, expiresAt?: Instant): Promise<void> {
    const { maxAgeMs, maxBytes } = this.#options.retention[space];
    const now = this.#now();
    const until = Math.min(now + maxAgeMs, expiresAt === undefined ? Number.MAX_SAFE_INTEGER : millisOf(expiresAt));
    if (bytes.length > maxBytes || until <= now) return this.delete(space, key);
    const values = this.#values(space, { key, bytes }, until);
    await this.#link.run((redis) => runScript(redis, PUT, this.#keys(space), values));
  }

  /** A record larger than its space may be is refused: the one that stands must not be lost for it. */
  async replace(
    space: RecordSpace,
    key: string,
    expected: Uint8Array | undefined,
    bytes: Uint8Array,
  ): Promise<boolean> {
    const { maxAgeMs, maxBytes } = this.#options.retention[space];
    if (bytes.length > maxBytes) return false;
    const condition = expected === undefined ? ["0", ""] : ["1", bufferOf(expected)];
    const values = [...this.#values(space, { key, bytes }, this.#now() + maxAgeMs), ...condition];
    return Number(await this.#link.run((redis) => runScript(redis, REPLACE, this.#keys(space), values))) === 1;
  }

  async delete(space: RecordSpace, key: string): Promise<void> {
    await this.#link.run((redis) => runScript(redis, DELETE, this.#keys(space), [this.#keyPrefix(space), key]));
  }

  async list(
    space: RecordSpace,
    page: { readonly limit: number; readonly after?: string },
  ): Promise<{ readonly records: readonly StoredRecord[]; readonly next: string | undefined }> {
    const [order = ""] = this.#keys(space);
    const from = page.after === undefined ? "+inf" : `(${Number.isSafeInteger(Number(page.after)) ? page.after : "0"}`;
    const flat = await this.#link.run((redis) =>
      redis.zrevrangebyscore(order, from, "-inf", "WITHSCORES", "LIMIT", 0, page.limit),
    );
    const keys = flat.filter((_, index) => index % 2 === 0);
    const found = await this.getMany(space, keys);
    return {
      records: keys.flatMap((key, index) => {
        const bytes = found[index];
        return bytes === undefined ? [] : [{ key, bytes }];
      }),
      next: keys.length < page.limit ? undefined : flat.at(-1),
    };
  }

  async trim(): Promise<void> {
    for (const space of RECORD_SPACES) {
      const { maxEntries, maxBytes } = this.#options.retention[space];
      const values = [this.#keyPrefix(space), this.#now(), maxEntries, maxBytes, SWEEP_LIMIT];
      let gone = SWEEP_LIMIT;
      while (gone >= SWEEP_LIMIT) {
        gone = Number(await this.#link.run((redis) => runScript(redis, SWEEP, this.#keys(space), values)));
      }
    }
  }

  async ping(): Promise<void> {
    await assertReady(this.#link, this.#options.clock);
  }

  async close(): Promise<void> {}

  /** As the scripts that write expect them. */
  #values(space: RecordSpace, { key, bytes }: StoredRecord, until: number): readonly (string | number | Buffer)[] {
    const { maxEntries, maxBytes } = this.#options.retention[space];
    const now = this.#now();
    return [this.#keyPrefix(space), key, bufferOf(bytes), until - now, until, now, maxEntries, maxBytes];
  }

  /** Braces make the keys of one space one slot of a cluster, where a script may touch them together. */
  #keyPrefix(space: RecordSpace): string {
    return `${this.#prefix}:{${space}}:`;
  }

  #keys(space: RecordSpace): readonly string[] {
    return ["order", "expiry", "sizes", "totals"].map((name) => `${this.#prefix}:{${space}}#${name}`);
  }

  #now(): number {
    return millisOf(this.#options.clock.now());
  }
}

function bufferOf(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
