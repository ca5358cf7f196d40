import type { SQLOutputValue } from "node:sqlite";

import type { JobLimits } from "../../domain/job-limits.ts";
import { PRIORITIES, type JobId, type JobProblem, type Priority } from "../../domain/job.ts";
import type { EmbeddedDatabase } from "./database.ts";

export type JobRow = Readonly<Record<string, SQLOutputValue>>;

/** A job to be accepted: its identity, and its sealed payload. */
export type NewJob = {
  readonly id: JobId;
  readonly key: string;
  readonly priority: Priority;
  readonly sealed: Uint8Array;
};

/** What an ended attempt leaves behind. Times in milliseconds since 1970. */
export type JobEnd =
  /** `verdict` is its sealed id. */
  | { readonly kind: "done"; readonly verdict: string; readonly at: number }
  | { readonly kind: "failed"; readonly problem: JobProblem; readonly at: number }
  | { readonly kind: "retrying"; readonly problem: JobProblem; readonly notBefore: number };

/** How often finished jobs are looked through for those that may be forgotten. */
const ENDS_BETWEEN_SWEEPS = 256;

/**
 * The queue's table: each method one step of a job's life, in SQL. Indexes are named where SQLite, which keeps no statistics
 * here, would take one that reads every waiting job. Callers hold the transaction where several belong
 * together.
 */
export class JobTable {
  readonly #database: EmbeddedDatabase;
  readonly #limits: JobLimits;
  #ends = 0;

  constructor(database: EmbeddedDatabase, limits: JobLimits) {
    this.#database = database;
    this.#limits = limits;
  }

  find(id: JobId): JobRow | undefined {
    return this.#database.attempt(() => this.#one("SELECT * FROM job WHERE id = ?", id));
  }

  /** The job of this key that is not finished, raised if the new asker is more urgent. */
  raise(key: string, priority: Priority): JobRow | undefined {
    return this.#one(
      `UPDATE job SET priority = min(priority, ?)
       WHERE key = ? AND state IN ('waiting', 'active', 'retrying') RETURNING *`,
      PRIORITIES[priority],
      key,
    );
  }

  insert(job: NewJob): JobRow | undefined {
    return this.#one(
      "INSERT INTO job (id, key, priority, state, sealed) VALUES (?, ?, ?, 'waiting', ?) RETURNING *",
      job.id,
      job.key,
      PRIORITIES[job.priority],
      job.sealed,
    );
  }

  backlog(): number {
    const row = this.#one("SELECT count(*) AS n FROM job WHERE state IN ('waiting', 'retrying')");
    return Number(row?.["n"]);
  }

  /** Up to `slots` jobs, the most urgent first, and of equals the oldest; those whose pause is over wait again. */
  claim(slots: number, now: number): readonly JobRow[] {
    return this.#database.transaction(() => {
      this.#run(
        "UPDATE job INDEXED BY job_due SET state = 'waiting' WHERE state = 'retrying' AND not_before <= ?",
        now,
      );
      const rows = this.#database
        .statement(
          `UPDATE job SET state = 'active', attempt = attempt + 1 WHERE seq IN
             (SELECT seq FROM job WHERE state = 'waiting' ORDER BY priority, seq LIMIT ?) RETURNING *`,
        )
        .all(slots);
      // RETURNING promises no order (sqlite.org/lang_returning.html).
      return rows.sort((a, b) => Number(a["priority"]) - Number(b["priority"]) || Number(a["seq"]) - Number(b["seq"]));
    });
  }

  /** When the next pause ends, if any job is pausing. */
  nextDue(): number | undefined {
    const row = this.#database.attempt(() =>
      this.#one("SELECT min(not_before) AS due FROM job INDEXED BY job_due WHERE state = 'retrying'"),
    );
    return typeof row?.["due"] === "number" ? row["due"] : undefined;
  }

  /** Only an active job ends, so the first end stands. */
  end(ends: readonly (readonly [JobId, JobEnd])[]): void {
    if (ends.length === 0) return;
    this.#database.transaction(() => {
      for (const [id, end] of ends) this.#endOne(id, end);
    });
  }

  /** Gives an active job back as if it had not been begun. */
  handBack(id: JobId): void {
    this.#database.transaction(() =>
      this.#run("UPDATE job SET state = 'waiting', attempt = attempt - 1 WHERE id = ? AND state = 'active'", id),
    );
  }

  /**
   * At start: the process that ran the active jobs is gone, for the file has one owner. They wait again, or have failed
   * if they were running in too many deaths. A crash is no attempt of its own.
   */
  recover(now: number): void {
    this.#database.transaction(() => {
      this.#run(
        `UPDATE job SET crashes = crashes + 1, attempt = attempt - 1,
           state = iif(crashes + 1 >= ?, 'failed', 'waiting'),
           finished_at = iif(crashes + 1 >= ?, ?, NULL),
           code = iif(crashes + 1 >= ?, 'crashed', NULL),
           message = iif(crashes + 1 >= ?, 'the process died each time it ran this job', NULL)
         WHERE state = 'active'`,
        this.#limits.maxCrashes,
        this.#limits.maxCrashes,
        now,
        this.#limits.maxCrashes,
        this.#limits.maxCrashes,
      );
      this.#forget(now);
    });
  }

  counts(): ReadonlyMap<string, number> {
    const rows = this.#database.attempt(() =>
      this.#database.statement("SELECT state, count(*) AS n FROM job GROUP BY state").all(),
    );
    return new Map(rows.map((row) => [String(row["state"]), Number(row["n"])]));
  }

  #endOne(id: JobId, end: JobEnd): void {
    this.#run(
      `UPDATE job SET state = ?, verdict = ?, code = ?, message = ?, not_before = ?, finished_at = ?
       WHERE id = ? AND state = 'active'`,
      end.kind,
      end.kind === "done" ? end.verdict : null,
      end.kind === "done" ? null : end.problem.code,
      end.kind === "done" ? null : end.problem.message,
      end.kind === "retrying" ? end.notBefore : 0,
      end.kind === "retrying" ? null : end.at,
      id,
    );
    this.#ends += 1;
    if (end.kind !== "retrying" && this.#ends % ENDS_BETWEEN_SWEEPS === 0) this.#forget(end.at);
  }

  #forget(now: number): void {
    this.#run("DELETE FROM job INDEXED BY job_finished WHERE finished_at <= ?", now - this.#limits.finishedAgeMs);
    this.#run(
      `DELETE FROM job WHERE seq IN (SELECT seq FROM job INDEXED BY job_finished
         WHERE finished_at IS NOT NULL ORDER BY finished_at DESC LIMIT -1 OFFSET ?)`,
      this.#limits.finishedEntries,
    );
  }

  #one(sql: string, ...values: readonly (string | number | Uint8Array)[]): JobRow | undefined {
    return this.#database.statement(sql).get(...values);
  }

  #run(sql: string, ...values: readonly (string | number | null)[]): void {
    this.#database.statement(sql).run(...values);
  }
}
