import assert from "node:assert/strict";
import { test } from "node:test";

import { HEAD_BYTES, type LayerFacts } from "../../../src/domain/layer-facts.ts";
import { factsOf } from "../../support/layer-facts.ts";
import { tar, type EntrySpec, type LayerSpec } from "../../support/tar.ts";

function facts(spec: LayerSpec): LayerFacts {
  const found = factsOf(tar(spec), 700);
  if ("reason" in found) throw new Error(`${found.reason}: ${found.detail}`);
  return found;
}

function kept(spec: LayerSpec): readonly string[] {
  return facts(spec).entries.map((entry) => entry.path);
}

const DATA: EntrySpec = { mode: 0o644, body: "data" };
const DEEP = "opt/app/data/deep";

test("keeps what questions need and counts the rest", () => {
  const found = facts({
    [`${DEEP}/plain.txt`]: DATA,
    [`${DEEP}/program`]: { mode: 0o755, body: "\x7fELF" },
    [`${DEEP}/setuid`]: { mode: 0o4644, body: "x" },
    [`${DEEP}/open`]: { mode: 0o666, body: "x" },
    [`${DEEP}/bash`]: DATA,
    [`${DEEP}/link`]: { link: "x" },
    [`${DEEP}/lib/libz.so.1`]: DATA,
    "usr/share/man/man1/ls.1": DATA,
    "usr/bin/disarmed": DATA,
    "dev/null": { type: "3", device: [1, 3] },
  });
  assert.deepEqual(
    found.entries.map((entry) => entry.path),
    [
      `${DEEP}/program`,
      `${DEEP}/setuid`,
      `${DEEP}/open`,
      `${DEEP}/bash`,
      `${DEEP}/link`,
      "usr/bin/disarmed",
      "dev/null",
    ],
  );
  assert.equal(found.entryCount, 10);
  assert.deepEqual(found.tally, {
    kinds: { file: 8, directory: 0, symlink: 1, hardlink: 0, character: 1, block: 0, fifo: 0 },
    fileBytes: 26,
    sharedLibraries: 1,
    manuals: 1,
  });
});

test("keeps the C library, the loader and certificate bundles whatever their mode, since a layer above may replace them so", () => {
  const names = ["libc.so.6", "libc-2.31.so", "libc.musl-x86_64.so.1", "ld-linux-x86-64.so.2", "tls-ca-bundle.pem"];
  const paths = names.map((name) => `${DEEP}/${name}`);
  assert.deepEqual(kept(Object.fromEntries(paths.map((path) => [path, DATA]))), paths);
});

test("keeps directories near the root, and those that something of interest stands in", () => {
  const directory: EntrySpec = { type: "5" };
  assert.deepEqual(
    kept([
      ["a/", directory],
      ["a/b/c/", directory],
      ["a/b/c/d/", directory],
      ["a/b/c/d/e/", directory],
      ["a/b/c/d/e/run", { mode: 0o755 }],
      ["a/b/c/other/", directory],
      ["a/b/c/other/data", DATA],
    ]),
    ["a", "a/b/c", "a/b/c/d", "a/b/c/d/e", "a/b/c/d/e/run"],
  );
});

test("reads whole the files that questions are about, and only the head of others", () => {
  const long = "x".repeat(5000);
  const found = facts({
    "etc/passwd": long,
    "./etc/os-release": "ID=x\n",
    "var/lib/dpkg/status.d/base": "Package: base\n",
    "var/lib/dpkg/status.d/base.md5sums": long,
    "nix/store/abc/etc/group": "g:x:1:\n",
    "bin/app": { mode: 0o755, body: `\x7fELF${long}` },
  });
  assert.deepEqual(found.bodies, {
    "etc/passwd": long,
    "etc/os-release": "ID=x\n",
    "var/lib/dpkg/status.d/base": "Package: base\n",
    "nix/store/abc/etc/group": "g:x:1:\n",
  });
  assert.equal(found.entries.at(-1)?.head, `\x7fELF${long}`.slice(0, HEAD_BYTES));
});

test("counts a body as unread when it is too large", () => {
  assert.deepEqual(facts({ "etc/os-release": "x".repeat(70_000) }).bodies, {});
});

test("refuses a file whose content decides and that is there twice, since links could lead to either", () => {
  for (const second of ["app:x:1000:1000::/:", { link: "y" }]) {
    const found = factsOf(
      tar([
        ["etc/passwd", "app:x:0:0::/:"],
        ["opt/passwd2", { type: "1", link: "etc/passwd" }],
        ["etc/passwd", second],
      ]),
    );
    assert.ok("reason" in found && found.reason === "ambiguous-tar");
    assert.match(found.detail, /etc\/passwd" is there twice/);
  }
});

test("keeps what is written through a link of its layer, and all that follows a link made through another", () => {
  const through = facts([
    ["x/y/z/m/n/", { type: "5" }],
    ["k", { link: "x/y/z" }],
    ["x/y/z/m/n/w", { link: "/a/b/c/d" }],
    ["k/m/n/w/", { type: "5" }],
    ["x/y/z/m/n/w/.wh.sh", ""],
  ]);
  assert.ok(through.entries.some(({ kind, path }) => kind === "directory" && path === "k/m/n/w"));
  for (const spec of [{ link: "/a/b/c/d" }, { type: "1", link: "x/f" }]) {
    const aliased = facts([
      ["k", { link: "x/y/z" }],
      ["k/m/n/w", spec],
      ["x/y/z/m/n/w/", { type: "5" }],
    ]);
    assert.ok(aliased.entries.some(({ kind, path }) => kind === "directory" && path === "x/y/z/m/n/w"));
  }
});

test("counts bodies as unread once together they are too much", () => {
  const found = facts(
    Object.fromEntries(
      Array.from({ length: 3 }, (_, index): [string, EntrySpec] => [
        ["etc/passwd", "etc/group", "etc/shadow"][index] ?? "",
        "x".repeat(7 * 1024 * 1024),
      ]),
    ),
  );
  assert.deepEqual(Object.keys(found.bodies), ["etc/passwd", "etc/group"]);
});

test("tells whiteouts from files, and where in the archive they stood", () => {
  const found = facts([
    ["a", DATA],
    ["etc/.wh.passwd", ""],
    ["b", DATA],
    [".wh..wh..opq", ""],
    ["d/.wh..wh..opq", ""],
    [".wh.top", ""],
  ]);
  assert.deepEqual(
    found.entries.map((entry) => entry.path),
    ["a", "b"],
  );
  assert.deepEqual(found.whiteouts, [
    { path: "etc/passwd", kind: "path", after: 1 },
    { path: "", kind: "opaque", after: 2 },
    { path: "d", kind: "opaque", after: 2 },
    { path: "top", kind: "path", after: 2 },
  ]);
});

test("says that names of AUFS were seen", () => {
  assert.deepEqual(facts({ ".wh..wh.plnk/": { type: "5" } }).anomalies, [
    { code: "aufs-metadata", path: ".wh..wh.plnk" },
  ]);
});

test("refuses a root that is no directory", () => {
  for (const name of ["./", "/", "..", "a/.."]) {
    const found = factsOf(tar([[name, { type: "2", link: "x" }]]));
    assert.equal("reason" in found ? found.reason : "walked", "ambiguous-tar", name);
    assert.deepEqual(
      facts([[name, { type: "5" }]]).entries.map((entry) => entry.path),
      [""],
    );
  }
});

test("keeps names as bytes: two spellings of one letter are two files", () => {
  assert.deepEqual(kept({ "bin/caf\xc3\xa9": { mode: 0o755 }, "bin/caf\xe9": { mode: 0o755 } }), [
    "bin/caf\xc3\xa9",
    "bin/caf\xe9",
  ]);
});
