import type { RecordSpace } from "../../ports/record-store.ts";

/** "ASSY": tells our file from any other SQLite database (sqlite.org/pragma.html#pragma_application_id). */
export const APPLICATION_ID = 0x41535359;

/** `verdict-latest` → `record_verdict_latest`. */
export function tableOf(space: RecordSpace): string {
  return `record_${space.replaceAll("-", "_")}`;
}

/*
 * Records are up to megabytes long, for which SQLite advises against WITHOUT ROWID (sqlite.org/withoutrowid.html); `seq`
 * is the order in which they were written and so of both listing and eviction. The index on size answers how much a space
 * holds without touching a record.
 */
function recordTable(space: RecordSpace): string {
  const table = tableOf(space);
  return `
    CREATE TABLE ${table} (
      seq INTEGER PRIMARY KEY,
      key TEXT NOT NULL UNIQUE,
      expires_at INTEGER NOT NULL,
      size INTEGER NOT NULL,
      bytes BLOB NOT NULL
    ) STRICT;
    CREATE INDEX ${table}_expiry ON ${table}(expires_at, size);`;
}

const JOB_TABLE = `
  CREATE TABLE job (
    seq INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    key TEXT NOT NULL,
    priority INTEGER NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('waiting', 'active', 'retrying', 'done', 'failed')),
    not_before INTEGER NOT NULL DEFAULT 0,
    attempt INTEGER NOT NULL DEFAULT 0,
    crashes INTEGER NOT NULL DEFAULT 0,
    code TEXT,
    message TEXT,
    verdict TEXT,
    finished_at INTEGER,
    sealed BLOB NOT NULL
  ) STRICT;
  CREATE UNIQUE INDEX job_open ON job(key) WHERE state IN ('waiting', 'active', 'retrying');
  CREATE INDEX job_next ON job(state, priority, seq);
  CREATE INDEX job_due ON job(not_before) WHERE state = 'retrying';
  CREATE INDEX job_finished ON job(finished_at) WHERE finished_at IS NOT NULL;`;

const FIRST_SPACES: readonly RecordSpace[] = [
  "document",
  "layer",
  "dossier",
  "facts",
  "verdict",
  "verdict-latest",
  "resolution",
  "index-entry",
  "request",
];

/** One step a version; `user_version` counts those that were taken. Steps are added, never changed. */
export const MIGRATIONS: readonly string[] = [
  FIRST_SPACES.map(recordTable).join("") + JOB_TABLE,
  recordTable("trust-memory"),
  recordTable("base-chain") + recordTable("lease"),
];
