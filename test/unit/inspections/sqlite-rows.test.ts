import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { test } from "node:test";

import { countSqliteRows } from "../../../src/inspections/sqlite-rows.ts";
import { randomFrom } from "../../support/tar-mutations.ts";

/** A database as rpm writes it, in pages of so many bytes. */
function database(rows: number, { pageSize = 4096, blob = 300, more = "" } = {}): Uint8Array {
  const folder = mkdtempSync(join(tmpdir(), "assay-sqlite-"));
  const file = join(folder, "rpmdb.sqlite");
  const db = new DatabaseSync(file);
  db.exec(`PRAGMA page_size = ${pageSize}; PRAGMA journal_mode = WAL;
    CREATE TABLE Packages (hnum INTEGER PRIMARY KEY AUTOINCREMENT, blob BLOB NOT NULL);
    CREATE TABLE Name (key TEXT NOT NULL, hnum INTEGER NOT NULL, idx INTEGER NOT NULL, FOREIGN KEY (hnum) REFERENCES Packages(hnum));
    CREATE INDEX Name_key_idx ON Name(key ASC); ${more}`);
  db.exec("BEGIN");
  const insert = db.prepare("INSERT INTO Packages (blob) VALUES (?)");
  for (let row = 0; row < rows; row += 1) insert.run(Buffer.alloc(blob + (row % 7) * 100, row));
  db.exec("COMMIT; PRAGMA wal_checkpoint(TRUNCATE)");
  db.close();
  const bytes = readFileSync(file);
  rmSync(folder, { recursive: true });
  return bytes;
}

for (const pageSize of [512, 1024, 4096, 65_536]) {
  test(`counts as SQLite does in pages of ${pageSize} bytes, from no row to many pages of pages`, () => {
    for (const rows of [0, 1, 7, 400, 3000]) {
      assert.equal(countSqliteRows(database(rows, { pageSize, blob: 20 }), "Packages"), rows);
    }
    assert.equal(countSqliteRows(database(40, { pageSize, blob: 70_000 }), "Packages"), 40, "with overflow pages");
  });
}

test("finds the table among hundreds, some with long names", () => {
  const more = Array.from(
    { length: 300 },
    (_, index) => `CREATE TABLE ${"long_".repeat(index % 40)}t${index} (a, b);`,
  ).join("");
  assert.equal(countSqliteRows(database(25, { pageSize: 512, more }), "packages"), 25);
});

test("counts only rows that are left", () => {
  const more = "INSERT INTO Packages (blob) VALUES ('a'), ('b'), ('c'); DELETE FROM Packages WHERE hnum < 3;";
  assert.equal(countSqliteRows(database(10, { more }), "Packages"), 11);
});

test("gives no number for what is no such database", () => {
  const good = database(10);
  const changed = (at: number, ...bytes: readonly number[]): Uint8Array => {
    const copy = Uint8Array.from(good);
    copy.set(bytes, at);
    return copy;
  };
  for (const [what, bytes] of [
    ["nothing", new Uint8Array(0)],
    ["another magic", changed(0, 0x54)],
    ["a page size that is no power of two", changed(16, 0x10, 0x01)],
    ["a page size of 256", changed(16, 1, 0)],
    ["pages that are all reserved", changed(16, 2, 0, 1, 1, 255)],
    ["UTF-16", changed(56, 0, 0, 0, 2)],
    ["a file cut inside a page", good.subarray(0, -1)],
    ["a file cut after its first page", good.subarray(0, 4096)],
    ["a schema page of another kind", changed(100, 10)],
    ["more cells than a page has room for", changed(103, 0xff, 0xff)],
    ["a cell beyond its page", changed(108, 0xff, 0xff)],
  ] as const) {
    assert.equal(countSqliteRows(bytes, "Packages"), undefined, what);
  }
  assert.equal(countSqliteRows(good, "Pakete"), undefined);
  assert.equal(countSqliteRows(good, "Name_key_idx"), undefined, "an index is no table");
});

test("walks no page twice: a tree that bites its tail has no number", () => {
  const bytes = Uint8Array.from(database(3000, { pageSize: 512, blob: 20 }));
  const view = new DataView(bytes.buffer);
  const interior = Array.from({ length: bytes.length / 512 - 1 }, (_, index) => index + 1).filter(
    (page) => bytes[page * 512] === 5,
  );
  assert.ok(interior.length > 2);
  for (const page of interior) view.setUint32(page * 512 + 8, page + 1);
  assert.equal(countSqliteRows(bytes, "Packages"), undefined);
});

test("survives any damage, quickly", () => {
  const seed = Number(process.env["ASSAY_SEED"] ?? Date.now() % 1e9);
  const random = randomFrom(seed);
  const good = database(900, { pageSize: 512, blob: 20 });
  const since = performance.now();
  for (let run = 0; run < 3000; run += 1) {
    const bytes = Uint8Array.from(good);
    for (let change = 0; change <= random(6); change += 1) {
      // Headers of pages more often than content.
      const page = random(bytes.length / 512) * 512;
      bytes[page + random(random(2) === 0 ? 16 : 512)] = random(256);
    }
    const cut = random(4) === 0 ? bytes.subarray(0, random(bytes.length)) : bytes;
    const count = countSqliteRows(cut, "Packages");
    assert.ok(count === undefined || (Number.isInteger(count) && count >= 0 && count <= 1e6), `seed ${seed}`);
  }
  assert.ok(performance.now() - since < 30_000, `seed ${seed}`);
});
