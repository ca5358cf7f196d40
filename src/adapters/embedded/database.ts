import { DatabaseSync, type StatementSync } from "node:sqlite";

import { PortError } from "../../domain/errors.ts";
import { APPLICATION_ID, MIGRATIONS } from "./schema.ts";
import { storeError } from "./sqlite-error.ts";

/**
 * What a committed transaction survives. Both survive the death of the process; only `power` survives that of the machine,
 * at the price of a wait for the disk.
 */
export type Durability = "process" | "power";

/** Reads go through the page cache of the system up to this size, which spares a copy. */
const MMAP_BYTES = 256 * 1024 * 1024;
/** Pages that were written stay at hand up to this size: a queue of some ten thousand jobs. Shared with nobody, so never stale. */
const CACHE_KIB = 32 * 1024;
/** A file up to this size is checked whole when opened (some 2 ms a MiB); of a larger one, the queue and the schema. */
const FULL_CHECK_BYTES = 2 * 1024 * 1024 * 1024;

/**
 * The one file of the embedded world. It has one owner: SQLite's exclusive lock is held while it is open and falls with
 * the process, so whatever was active in it when it is opened belonged to a process that is gone.
 */
export class EmbeddedDatabase {
  readonly path: string;
  readonly #sql: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();
  #open = true;

  constructor(path: string) {
    this.path = path;
    try {
      this.#sql = new DatabaseSync(path, { timeout: 0 });
    } catch (error) {
      throw storeError(error, path);
    }
    try {
      this.#prepareFile();
    } catch (error) {
      this.#sql.close();
      throw storeError(error, path);
    }
  }

  /** A prepared statement, kept for the next time. */
  statement(text: string): StatementSync {
    const kept = this.#statements.get(text);
    if (kept !== undefined) return kept;
    const statement = this.#sql.prepare(text);
    this.#statements.set(text, statement);
    return statement;
  }

  /** Runs statements, turning SQLite's refusals into `PortError` (`store-unavailable`). */
  attempt<T>(work: () => T): T {
    if (!this.#open) throw new PortError("store-unavailable", `the database ${this.path}`, "is closed");
    try {
      return work();
    } catch (error) {
      throw storeError(error, this.path);
    }
  }

  /** All or nothing. `work` must not be asynchronous. */
  transaction<T>(work: () => T, durability: Durability = "process"): T {
    return this.attempt(() => {
      if (durability === "power") this.#sql.exec("PRAGMA synchronous = FULL");
      try {
        return this.#transact(work);
      } finally {
        if (durability === "power") this.#sql.exec("PRAGMA synchronous = NORMAL");
      }
    });
  }

  /** Writes the log back into the file and lets it go. Safe to call twice. */
  close(): void {
    if (!this.#open) return;
    this.#open = false;
    this.#statements.clear();
    this.#sql.close();
  }

  #transact<T>(work: () => T): T {
    this.#sql.exec("BEGIN IMMEDIATE");
    try {
      const result = work();
      this.#sql.exec("COMMIT");
      return result;
    } catch (error) {
      // A full disk has already rolled back by itself, and then a second time is an error of its own.
      if (this.#sql.isTransaction) this.#sql.exec("ROLLBACK");
      throw error;
    }
  }

  #prepareFile(): void {
    // EXCLUSIVE must be set before the first access in WAL mode to keep the index of the log off shared memory
    // (sqlite.org/wal.html, section 8), which also makes the lock that a second process meets.
    this.#sql.exec("PRAGMA locking_mode = EXCLUSIVE");
    // Before anything is written: another program's file must stay as it is.
    const version = this.#ownVersion();
    this.#sql.exec("PRAGMA journal_mode = WAL");
    this.#sql.exec("PRAGMA synchronous = NORMAL");
    this.#sql.exec(`PRAGMA mmap_size = ${MMAP_BYTES}`);
    this.#sql.exec(`PRAGMA cache_size = -${CACHE_KIB}`);
    if (version > 0) this.#checkIntegrity();
    for (const [index, step] of MIGRATIONS.entries()) if (index >= version) this.#migrate(step, index + 1);
    this.#sql.exec("BEGIN IMMEDIATE; COMMIT");
  }

  #ownVersion(): number {
    const version = this.#pragma("user_version");
    const owner = this.#pragma("application_id");
    const tables = this.#sql.prepare("SELECT count(*) AS n FROM sqlite_schema").get()?.["n"];
    if (owner !== APPLICATION_ID && (owner !== 0 || tables !== 0)) {
      throw this.#refusal("belongs to another program: name another file");
    }
    if (version > MIGRATIONS.length) {
      throw this.#refusal("was written by a newer version: start that one, or move the file away");
    }
    return version;
  }

  #pragma(name: string): number {
    return Number(this.#sql.prepare(`PRAGMA ${name}`).get()?.[name]);
  }

  #migrate(step: string, version: number): void {
    this.#transact(() => {
      this.#sql.exec(step);
      this.#sql.exec(`PRAGMA application_id = ${APPLICATION_ID}; PRAGMA user_version = ${version}`);
    });
  }

  #checkIntegrity(): void {
    const bytes = this.#pragma("page_count") * this.#pragma("page_size");
    const check = bytes <= FULL_CHECK_BYTES ? "PRAGMA quick_check(1)" : "PRAGMA quick_check(job)";
    const answer = Object.values(this.#sql.prepare(check).get() ?? {})[0];
    if (answer !== "ok") {
      throw this.#refusal("is damaged: move the file away and start again; what was verified is then verified anew");
    }
  }

  #refusal(detail: string): PortError {
    return new PortError("store-unavailable", `the database ${this.path}`, detail);
  }
}

/** Opens or makes the file; `:memory:` lives as long as the process. Throws `PortError` naming the file and the mend. */
export function openDatabase(path: string): EmbeddedDatabase {
  return new EmbeddedDatabase(path);
}
