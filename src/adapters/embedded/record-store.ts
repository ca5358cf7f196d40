import { millisOf, type Instant } from "../../domain/instant.ts";
import type { Clock } from "../../ports/clock.ts";
import {
  RECORD_SPACES,
  type RecordSpace,
  type RecordStore,
  type Retention,
  type StoredRecord,
} from "../../ports/record-store.ts";
import type { EmbeddedDatabase } from "./database.ts";
import { RecordTable } from "./record-table.ts";

export type EmbeddedRecordOptions = {
  readonly retention: Readonly<Record<RecordSpace, Retention>>;
  readonly clock: Clock;
};

/** Records in tables of the embedded database. Closing it leaves the database open for whoever shares it. */
export function embeddedRecordStore(database: EmbeddedDatabase, options: EmbeddedRecordOptions): RecordStore {
  return new EmbeddedRecordStore(database, options);
}

class EmbeddedRecordStore implements RecordStore {
  readonly #database: EmbeddedDatabase;
  readonly #clock: Clock;
  readonly #tables: ReadonlyMap<RecordSpace, RecordTable>;

  constructor(database: EmbeddedDatabase, { retention, clock }: EmbeddedRecordOptions) {
    this.#database = database;
    this.#clock = clock;
    this.#tables = new Map(
      RECORD_SPACES.map((space) => [space, new RecordTable(database, space, retention[space])] as const),
    );
  }

  async get(space: RecordSpace, key: string): Promise<Uint8Array | undefined> {
    return this.#table(space).get(key, this.#now());
  }

  async getMany(space: RecordSpace, keys: readonly string[]): Promise<readonly (Uint8Array | undefined)[]> {
    return this.#table(space).getMany(keys, this.#now());
  }

  async put(space: RecordSpace, key: string, bytes: Uint8Array, expiresAt?: Instant): Promise<void> {
    this.#table(space).put({ key, bytes }, expiresAt === undefined ? undefined : millisOf(expiresAt), this.#now());
  }

  async replace(
    space: RecordSpace,
    key: string,
    expected: Uint8Array | undefined,
    bytes: Uint8Array,
  ): Promise<boolean> {
    return this.#table(space).replace({ key, bytes }, expected, this.#now());
  }

  async delete(space: RecordSpace, key: string): Promise<void> {
    this.#table(space).delete(key);
  }

  async list(
    space: RecordSpace,
    page: { readonly limit: number; readonly after?: string },
  ): Promise<{ readonly records: readonly StoredRecord[]; readonly next: string | undefined }> {
    return this.#table(space).list(page, this.#now());
  }

  async trim(): Promise<void> {
    for (const table of this.#tables.values()) table.trim(this.#now());
  }

  async ping(): Promise<void> {
    this.#database.attempt(() => this.#database.statement("SELECT 1").get());
  }

  async close(): Promise<void> {}

  #now(): number {
    return millisOf(this.#clock.now());
  }

  #table(space: RecordSpace): RecordTable {
    const table = this.#tables.get(space);
    if (table === undefined) throw new TypeError(`there is no space "${space}"`);
    return table;
  }
}
