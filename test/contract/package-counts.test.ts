import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { test } from "node:test";
import { zstdCompressSync } from "node:zlib";

import { createLayerReader } from "../../src/adapters/layers/layer-reader.ts";
import type { LayerFacts } from "../../src/domain/layer-facts.ts";
import { mergeLayers } from "../../src/inspections/overlay.ts";
import { countPackages, findPackageDatabases } from "../../src/inspections/packages.ts";
import { layer, type LayerSpec } from "../support/tar.ts";

async function factsOf(spec: LayerSpec): Promise<LayerFacts> {
  const built = layer(spec, "gzip");
  async function* bytes(): AsyncGenerator<Uint8Array> {
    for (let at = 0; at < built.bytes.length; at += 1000)
      yield await Promise.resolve(built.bytes.subarray(at, at + 1000));
  }
  const content = await createLayerReader().read(built.descriptor, bytes(), new AbortController().signal);
  return content.kind === "walked" ? content.facts : assert.fail(content.detail);
}

async function packagesOf(...layers: readonly LayerSpec[]): Promise<number | undefined> {
  return countPackages(findPackageDatabases(mergeLayers(await Promise.all(layers.map(factsOf))).root));
}

function rpmDatabase(packages: number): Uint8Array {
  const folder = mkdtempSync(join(tmpdir(), "assay-rpm-"));
  const file = join(folder, "rpmdb.sqlite");
  const db = new DatabaseSync(file);
  db.exec("CREATE TABLE Packages (hnum INTEGER PRIMARY KEY AUTOINCREMENT, blob BLOB NOT NULL)");
  for (let one = 0; one < packages; one += 1)
    db.prepare("INSERT INTO Packages (blob) VALUES (?)").run(Buffer.alloc(9000));
  db.close();
  const bytes = readFileSync(file);
  rmSync(folder, { recursive: true });
  return bytes;
}

for (const path of ["var/lib/rpm", "usr/lib/sysimage/rpm", "usr/share/rpm"]) {
  test(`counts the packages of ${path}/rpmdb.sqlite`, async () => {
    const file = `${path}/rpmdb.sqlite`;
    const facts = await factsOf({ [file]: rpmDatabase(173) });
    assert.deepEqual(facts.counts, { [file]: 173 });
    assert.deepEqual(facts.bodies, {});
    assert.equal(await packagesOf({ [file]: rpmDatabase(173) }), 173);
  });
}

test("counts through a link, and what the upper layer has", async () => {
  const lower = {
    "usr/lib/sysimage/rpm/rpmdb.sqlite": rpmDatabase(3),
    "var/lib/rpm": { link: "../../usr/lib/sysimage/rpm" },
  };
  assert.equal(await packagesOf(lower), 3);
  assert.equal(await packagesOf(lower, { "usr/lib/sysimage/rpm/rpmdb.sqlite": rpmDatabase(5) }), 5);
});

test("does not count rows that are partly in a write-ahead log", async () => {
  const spec = { "var/lib/rpm/rpmdb.sqlite": rpmDatabase(3), "var/lib/rpm/rpmdb.sqlite-wal": "" };
  assert.equal(await packagesOf(spec), 3);
  assert.equal(await packagesOf({ ...spec, "var/lib/rpm/rpmdb.sqlite-wal": "7\x7f\x06\x82" }), undefined);
});

test("knows the databases it does not read, and says when one is damaged", async () => {
  const berkeley = Buffer.alloc(4096);
  berkeley.writeUInt32LE(0x00061561, 12);
  for (const [path, body, codes] of [
    ["var/lib/rpm/Packages", berkeley, []],
    ["var/lib/rpm/Packages.db", "RpmP\0\0\0\0", []],
    ["var/lib/rpm/rpmdb.sqlite", rpmDatabase(3).subarray(0, 5000), ["malformed-package-database"]],
  ] as const) {
    const facts = await factsOf({ [path]: body });
    assert.deepEqual(facts.counts, {});
    assert.deepEqual(
      facts.anomalies.map(({ code }) => code),
      codes,
    );
    assert.equal(await packagesOf({ [path]: body }), undefined);
  }
});

test("counts nothing of a layer that has the database twice", async () => {
  const path = "var/lib/rpm/rpmdb.sqlite";
  const twice = factsOf([
    [path, rpmDatabase(3)],
    [path, { link: "elsewhere" }],
  ]);
  await assert.rejects(twice, /is there twice/);
});

const WALL = "var/lib/chisel/manifest.wall";

function wall(lines: readonly object[], count = lines.length): string {
  return [{ jsonwall: "1.0", schema: "1.0", count }, ...lines].map((line) => `${JSON.stringify(line)}\n`).join("");
}

const LINES = [
  { kind: "content", slice: "base-files_base", path: "/etc/" },
  { kind: "package", name: "base-files", version: "13", sha256: "x", arch: "amd64" },
  { kind: "package", name: "libc6", version: "2.39", sha256: "y", arch: "amd64" },
  { kind: "path", path: "/etc/", mode: "0755", slices: ["base-files_base"] },
  { kind: "slice", name: "libc6_libs" },
];

test("counts the packages of a chisel manifest", async () => {
  for (const count of [LINES.length, LINES.length + 1]) {
    const facts = await factsOf({ [WALL]: zstdCompressSync(Buffer.from(wall(LINES, count))) });
    assert.deepEqual(facts.counts, { [WALL]: 2 });
  }
});

test("gives no number for a chisel manifest that is cut, grows too large or is none", async () => {
  const whole = wall(LINES);
  for (const body of [
    zstdCompressSync(Buffer.from(whole)).subarray(0, -5),
    zstdCompressSync(Buffer.from(wall(LINES, 9))),
    // Node reads the first frame alone.
    Buffer.concat([whole.slice(0, 100), whole.slice(100)].map((part) => zstdCompressSync(Buffer.from(part)))),
    zstdCompressSync(Buffer.alloc(17 * 1024 * 1024)),
    zstdCompressSync(Buffer.from("[]\n")),
    Buffer.from(whole),
  ]) {
    const facts = await factsOf({ [WALL]: body });
    assert.deepEqual(facts.counts, {});
    assert.deepEqual(facts.anomalies, [{ code: "malformed-package-database", path: WALL }]);
    assert.equal(await packagesOf({ [WALL]: body }), undefined);
  }
});
