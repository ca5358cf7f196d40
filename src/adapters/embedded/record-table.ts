import type { RecordSpace, Retention, StoredRecord } from "../../ports/record-store.ts";
import type { EmbeddedDatabase } from "./database.ts";
import { tableOf } from "./schema.ts";

/** Expired records are swept every so many writes; until then they are only not shown. */
const WRITES_BETWEEN_SWEEPS = 1024;

/** One space: its records, and how many and how large they are together. Times in milliseconds since 1970. */
export class RecordTable {
  readonly #database: EmbeddedDatabase;
  readonly #retention: Retention;
  readonly #sql: Readonly<Record<keyof ReturnType<typeof statementsOf>, string>>;
  #entries = 0;
  #bytes = 0;
  #writes = 0;

  constructor(database: EmbeddedDatabase, space: RecordSpace, retention: Retention) {
    this.#database = database;
    this.#retention = retention;
    this.#sql = statementsOf(tableOf(space));
    this.#count();
  }

  get(key: string, now: number): Uint8Array | undefined {
    const row = this.#database.attempt(() => this.#database.statement(this.#sql.get).get(key, now));
    return row?.["bytes"] as Uint8Array | undefined;
  }

  getMany(keys: readonly string[], now: number): readonly (Uint8Array | undefined)[] {
    const rows = this.#database.attempt(() =>
      this.#database.statement(this.#sql.getMany).all(JSON.stringify(keys), now),
    );
    const found = new Map(rows.map((row) => [row["key"] as string, row["bytes"] as Uint8Array]));
    return keys.map((key) => found.get(key));
  }

  /** A record larger than the whole space may be is not kept: losing it is a miss, evicting all others would be worse. */
  put(record: StoredRecord, expiresAt: number | undefined, now: number): void {
    this.#changing(() => this.#put(record, expiresAt, now));
  }

  /** A record larger than the space may be is refused: the one that stands must not be lost for it. */
  replace(record: StoredRecord, expected: Uint8Array | undefined, now: number): boolean {
    let replaced = false;
    this.#changing(() => {
      replaced = record.bytes.length <= this.#retention.maxBytes && isSame(this.get(record.key, now), expected);
      if (replaced) this.#put(record, undefined, now);
    });
    return replaced;
  }

  delete(key: string): void {
    this.#changing(() => this.#drop(key));
  }

  list(
    page: { readonly limit: number; readonly after?: string },
    now: number,
  ): { readonly records: readonly StoredRecord[]; readonly next: string | undefined } {
    const before = page.after === undefined ? Number.MAX_SAFE_INTEGER : Number(page.after);
    const rows = this.#database.attempt(() =>
      this.#database.statement(this.#sql.list).all(Number.isSafeInteger(before) ? before : 0, now, page.limit),
    );
    return {
      records: rows.map((row) => ({ key: row["key"] as string, bytes: row["bytes"] as Uint8Array })),
      next: rows.length < page.limit ? undefined : String(rows.at(-1)?.["seq"]),
    };
  }

  trim(now: number): void {
    this.#changing(() => {
      this.#sweep(now);
      this.#evict();
    });
  }

  /** A transaction that leaves the totals right even if it fails. */
  #changing(work: () => void): void {
    const entries = this.#entries;
    const bytes = this.#bytes;
    try {
      this.#database.transaction(work);
    } catch (error) {
      this.#entries = entries;
      this.#bytes = bytes;
      throw error;
    }
  }

  #put({ key, bytes }: StoredRecord, expiresAt: number | undefined, now: number): void {
    const until = Math.min(now + this.#retention.maxAgeMs, expiresAt ?? Number.MAX_SAFE_INTEGER);
    this.#writes += 1;
    this.#drop(key);
    if (bytes.length > this.#retention.maxBytes || until <= now) return;
    this.#database.statement(this.#sql.insert).run(key, until, bytes.length, bytes);
    this.#entries += 1;
    this.#bytes += bytes.length;
    if (this.#writes % WRITES_BETWEEN_SWEEPS === 0) this.#sweep(now);
    this.#evict();
  }

  #drop(key: string): void {
    const row = this.#database.statement(this.#sql.drop).get(key);
    if (row === undefined) return;
    this.#entries -= 1;
    this.#bytes -= Number(row["size"]);
  }

  #sweep(now: number): void {
    if (Number(this.#database.statement(this.#sql.sweep).run(now).changes) > 0) this.#count();
  }

  /** Oldest written first, until the space is within its bounds. */
  #evict(): void {
    while (this.#entries > this.#retention.maxEntries || this.#bytes > this.#retention.maxBytes) {
      const row = this.#database.statement(this.#sql.dropOldest).get();
      if (row === undefined) return;
      this.#entries -= 1;
      this.#bytes -= Number(row["size"]);
    }
  }

  #count(): void {
    const row = this.#database.attempt(() => this.#database.statement(this.#sql.count).get());
    this.#entries = Number(row?.["entries"]);
    this.#bytes = Number(row?.["bytes"]);
  }
}

function isSame(found: Uint8Array | undefined, expected: Uint8Array | undefined): boolean {
  if (found === undefined || expected === undefined) return found === expected;
  return Buffer.compare(found, expected) === 0;
}

function statementsOf(table: string) {
  return {
    get: `SELECT bytes FROM ${table} WHERE key = ? AND expires_at > ?`,
    getMany: `SELECT key, bytes FROM ${table} WHERE key IN (SELECT value FROM json_each(?)) AND expires_at > ?`,
    insert: `INSERT INTO ${table} (seq, key, expires_at, size, bytes)
             VALUES ((SELECT coalesce(max(seq), 0) + 1 FROM ${table}), ?, ?, ?, ?)`,
    drop: `DELETE FROM ${table} WHERE key = ? RETURNING size`,
    dropOldest: `DELETE FROM ${table} WHERE seq = (SELECT min(seq) FROM ${table}) RETURNING size`,
    list: `SELECT seq, key, bytes FROM ${table} WHERE seq < ? AND expires_at > ? ORDER BY seq DESC LIMIT ?`,
    sweep: `DELETE FROM ${table} WHERE expires_at <= ?`,
    count: `SELECT count(*) AS entries, coalesce(sum(size), 0) AS bytes FROM ${table}`,
  };
}
