import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { gunzipSync } from "node:zlib";

import * as fc from "fast-check";

import type { UninspectableReason } from "../../../src/domain/layer-facts.ts";
import { LayerCollector } from "../../../src/inspections/layer-collector.ts";
import {
  MAX_DEPTH,
  MAX_ENTRIES,
  MAX_KEPT_ENTRIES,
  MAX_PATH,
  MAX_SPECIAL_BYTES,
} from "../../../src/inspections/layer-limits.ts";
import { TarWalk } from "../../../src/inspections/tar-walk.ts";
import { assertLikeGo, type GoView } from "../../support/go-tar.ts";
import { entriesOf, factsOf } from "../../support/layer-facts.ts";
import { mutate, randomFrom, seedTars } from "../../support/tar-mutations.ts";
import { END, entry, gnuLong, header, padded, pax, stamp, tar } from "../../support/tar.ts";

function joined(...parts: readonly Uint8Array[]): Buffer {
  return Buffer.concat([...parts, END]);
}

function names(bytes: Uint8Array): readonly string[] {
  const { fault, seen } = entriesOf(bytes);
  assert.equal(fault, undefined);
  return seen.map((one) => one.name);
}

const HIDDEN = entry("etc/passwd", "root:x:0:0:\n");

const REFUSED: readonly (readonly [string, UninspectableReason, RegExp, Uint8Array])[] = [
  [
    "a hard link with a size",
    "ambiguous-tar",
    /yet has a size/,
    joined(header({ name: "ln", type: "1", link: "x", size: 1024 }), HIDDEN),
  ],
  [
    "a symbolic link with a size",
    "ambiguous-tar",
    /yet has a size/,
    joined(header({ name: "ln", type: "2", link: "x", size: 1024 }), HIDDEN),
  ],
  [
    "a directory with a size",
    "ambiguous-tar",
    /yet has a size/,
    joined(header({ name: "d/", type: "5", size: 1024 }), HIDDEN),
  ],
  [
    "a device with a size",
    "ambiguous-tar",
    /yet has a size/,
    joined(header({ name: "dev/x", type: "3", size: 1024 }), HIDDEN),
  ],
  [
    "a fifo with a size",
    "ambiguous-tar",
    /yet has a size/,
    joined(header({ name: "f", type: "6", size: 512 }), HIDDEN),
  ],
  [
    "a directory whose size is only in PAX",
    "ambiguous-tar",
    /two sizes/,
    joined(pax({ size: "1024" }), header({ name: "d/", type: "5" }), HIDDEN),
  ],
  [
    "a PAX size beside another size",
    "ambiguous-tar",
    /two sizes/,
    joined(pax({ size: "0" }), entry("x", "y".repeat(600))),
  ],
  [
    "a GNU long name beside a PAX path",
    "ambiguous-tar",
    /PAX path/,
    joined(gnuLong("L", "a"), pax({ path: "b" }), entry("c", "")),
  ],
  [
    "a PAX path beside a GNU long name",
    "ambiguous-tar",
    /PAX path/,
    joined(pax({ path: "b" }), gnuLong("L", "a"), entry("c", "")),
  ],
  [
    "a GNU long link beside a PAX linkpath",
    "ambiguous-tar",
    /linkpath/,
    joined(gnuLong("K", "a"), pax({ linkpath: "b" }), entry("c", { link: "d" })),
  ],
  [
    "a PAX size before a GNU long name",
    "ambiguous-tar",
    /PAX size/,
    joined(pax({ size: "2" }), gnuLong("L", "a"), entry("c", "xy")),
  ],
  [
    "two PAX headers for one entry",
    "ambiguous-tar",
    /two PAX headers/,
    joined(pax({ path: "a" }), pax({ uid: "0" }), entry("c", "")),
  ],
  [
    "two GNU long names for one entry",
    "ambiguous-tar",
    /two GNU long names/,
    joined(gnuLong("L", "a"), gnuLong("L", "b"), entry("c", "")),
  ],
  [
    "two GNU long links for one entry",
    "ambiguous-tar",
    /two GNU long links/,
    joined(gnuLong("K", "a"), gnuLong("K", "b"), entry("c", { link: "x" })),
  ],
  [
    "a GNU long name that goes on after a NUL",
    "ambiguous-tar",
    /after a NUL/,
    joined(gnuLong("L", "etc/a\0b"), entry("c", "")),
  ],
  ["an empty GNU long name", "ambiguous-tar", /is empty/, joined(gnuLong("L", ""), entry("c", ""))],
  [
    "a global header with a path",
    "ambiguous-tar",
    /sets "path"/,
    joined(pax({ path: "etc/x" }, "g", "pax_global_header"), entry("c", "")),
  ],
  [
    "a global header with a size",
    "ambiguous-tar",
    /sets "size"/,
    joined(pax({ size: "1" }, "g", "pax_global_header"), entry("c", "")),
  ],
  [
    "a global header with an owner",
    "ambiguous-tar",
    /sets "uid"/,
    joined(pax({ uid: "0" }, "g", "pax_global_header"), entry("c", "")),
  ],
  [
    "a global header under a file's name",
    "ambiguous-tar",
    /is named/,
    joined(pax({ comment: "x" }, "g", "etc/passwd"), entry("c", "")),
  ],
  [
    "a global header between an extension and its entry",
    "ambiguous-tar",
    /between/,
    joined(pax({ path: "x" }), pax({ comment: "x" }, "g", "pax_global_header"), entry("c", "")),
  ],
  ["an extension without an entry", "ambiguous-tar", /after an extension/, joined(entry("a", ""), pax({ path: "x" }))],
  [
    "a file that is sparse in PAX",
    "ambiguous-tar",
    /sparse/,
    joined(pax({ "GNU.sparse.name": "etc/passwd" }), entry("x", "")),
  ],
  [
    "a file that is sparse in the old GNU way",
    "ambiguous-tar",
    /sparse/,
    joined(header({ name: "x", type: "S", magic: "ustar  \0" })),
  ],
  [
    "a GNU header with a prefix",
    "ambiguous-tar",
    /GNU header/,
    joined(header({ name: "passwd", prefix: "etc", magic: "ustar  \0" })),
  ],
  [
    "a GNU header with data beyond its times",
    "ambiguous-tar",
    /GNU header/,
    joined(header({ name: "x", magic: "ustar  \0", patch: (block) => block.write("x", 400) })),
  ],
  [
    "a header without magic that has a prefix",
    "ambiguous-tar",
    /version 7/,
    joined(header({ name: "x", magic: "\0".repeat(8), prefix: "etc" })),
  ],
  ["a header of half a magic", "ambiguous-tar", /version 7/, joined(header({ name: "x", magic: "ustar \0\0" }))],
  [
    "a star header whose prefix has no end",
    "ambiguous-tar",
    /star header/,
    joined(header({ name: "x", prefix: "p".repeat(131), patch: (block) => block.write("tar\0", 508) })),
  ],
  ["an unknown type", "ambiguous-tar", /unknown type/, joined(header({ name: "x", type: "Q" }))],
  ["a contiguous file", "ambiguous-tar", /unknown type/, joined(header({ name: "x", type: "7" }))],
  [
    "a regular file named as a directory",
    "ambiguous-tar",
    /named as a directory/,
    joined(header({ name: "x/", type: "0" })),
  ],
  ["an entry without a name", "ambiguous-tar", /no name/, joined(header({ name: "", mode: 0o755 }))],
  [
    "a size that begins with NUL",
    "ambiguous-tar",
    /begins with NUL/,
    joined(
      header({ name: "x", patch: (block) => block.write("\0".repeat(8) + "5\0\0\0", 124, "latin1") }),
      padded(Buffer.from("hello")),
    ),
  ],
  ["a checksum over signed bytes", "ambiguous-tar", /signed bytes/, joined(signed(header({ name: "caf\xe9" })))],
  ["an entry after the end", "ambiguous-tar", /follows the end/, Buffer.concat([tar({ a: "" }), HIDDEN, END])],
  [
    "one zero block before an entry",
    "ambiguous-tar",
    /single zero block/,
    joined(entry("a", ""), Buffer.alloc(512), HIDDEN),
  ],
  [
    "an overlay attribute",
    "ambiguous-tar",
    /overlay/,
    joined(entry("etc/", { pax: { "SCHILY.xattr.trusted.overlay.opaque": "y" } })),
  ],
  ["a wrong checksum", "malformed-tar", /checksum/, joined(header({ name: "x", checksum: false }))],
  [
    "a negative size",
    "malformed-tar",
    /negative/,
    joined(header({ name: "x", patch: (block) => block.fill(0xff, 124, 136) })),
  ],
  [
    "a number that is none",
    "malformed-tar",
    /number/,
    joined(header({ name: "x", patch: (block) => block.write("9", 100) })),
  ],
  [
    "a size beyond 63 bits",
    "malformed-tar",
    /number/,
    joined(header({ name: "x", patch: (block) => block.fill(0x80, 124, 136) })),
  ],
  ["a PAX path with NUL", "malformed-tar", /records/, joined(pax({ path: "etc/pass\0wd" }), entry("x", ""))],
  [
    "a PAX record of the wrong length",
    "malformed-tar",
    /records/,
    joined(header({ name: "p", type: "x", size: 9 }), padded(Buffer.from("11 a=bcd\n")), entry("x", "")),
  ],
  ["a PAX uid that is no number", "malformed-tar", /uid/, joined(pax({ uid: "0x0" }), entry("x", ""))],
  ["a PAX time that is none", "malformed-tar", /mtime/, joined(pax({ mtime: "noon" }), entry("x", ""))],
  [
    "a PAX header of more than a mebibyte",
    "malformed-tar",
    /extension header/,
    joined(header({ name: "p", type: "x", size: MAX_SPECIAL_BYTES + 1 })),
  ],
  ["an archive cut inside a file", "truncated", /inside an entry/, tar({ a: "x".repeat(2000) }).subarray(0, 1500)],
  ["an archive cut inside a header", "truncated", /inside an entry/, tar({ a: "" }).subarray(0, 300)],
];

/** The header with the checksum that signed bytes add up to. */
function signed(block: Buffer): Buffer {
  block.fill(0x20, 148, 156);
  const sum = block.reduce((total, byte) => total + (byte > 127 ? byte - 256 : byte), 0);
  block.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148, "latin1");
  return block;
}

for (const [what, reason, detail, bytes] of REFUSED) {
  test(`refuses ${what}`, () => {
    const { fault } = entriesOf(bytes);
    assert.equal(fault?.reason, reason, fault?.detail);
    assert.match(fault.detail, detail);
  });
}

test("reads the names that ustar, PAX, GNU and version 7 archives spell in their own ways", () => {
  const long = `${"d/".repeat(80)}file`;
  assert.deepEqual(names(joined(header({ name: "passwd", prefix: "etc" }))), ["etc/passwd"]);
  assert.deepEqual(names(tar({ [long]: "x" })), [long]);
  assert.deepEqual(names(joined(gnuLong("L", long), entry("short", ""))), [long]);
  assert.deepEqual(names(joined(pax({ path: "" }), entry("raw", ""))), ["raw"]);
  assert.deepEqual(names(joined(header({ name: "v7", magic: "\0".repeat(8), patch: (block) => block.fill(0, 257) }))), [
    "v7",
  ]);
  assert.deepEqual(names(joined(header({ name: "caf\xe9" }))), ["caf\xe9"]);
});

test("takes the last of two PAX records with one key", () => {
  const body = Buffer.from("17 path=etc/frst\n19 path=etc/second\n");
  assert.deepEqual(names(joined(header({ name: "p", type: "x", size: body.length }), padded(body), entry("x", ""))), [
    "etc/second",
  ]);
});

test("forgets a PAX header after its entry", () => {
  assert.deepEqual(names(joined(pax({ path: "one" }), entry("a", ""), entry("two", ""))), ["one", "two"]);
});

test("ignores a global header that changes nothing", () => {
  const facts = factsOf(joined(pax({ comment: "0123" }, "g", "pax_global_header"), entry("a", "")));
  assert.ok(!("reason" in facts));
  assert.equal(facts.entryCount, 1);
  assert.deepEqual(facts.anomalies, [{ code: "global-pax-header", path: "pax_global_header" }]);
});

test("reads base-256 numbers, and owners as the kernel takes them", () => {
  const owner = (bytes: readonly number[]): number | undefined =>
    entriesOf(joined(header({ name: "x", patch: (block) => block.set(bytes, 108) }))).seen[0]?.uid;
  assert.equal(owner([0x80, 0, 0, 0, 0, 0, 0x03, 0xe8]), 1000);
  assert.equal(owner([0x80, 0, 0, 1, 0, 0, 0, 0]), 0, "2^32 wraps to root");
  assert.equal(owner([0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]), 0, "-1 leaves the file to root");
});

test("reads a file of more than eight gigabytes by its PAX size", () => {
  const bytes = Buffer.concat([pax({ size: String(8 ** 11) }), header({ name: "big" })]);
  const { fault, seen } = entriesOf(bytes);
  assert.equal(seen[0]?.size, 8 ** 11);
  assert.equal(fault?.reason, "truncated");
});

test("reads raw capability bytes without decoding them", () => {
  const bytes = "\x01\0\0\x02\0\x04\0\0\0\0\0\0\x0a\0\0\0\0\0\0\xff";
  const { seen } = entriesOf(
    tar({ "bin/ping": { mode: 0o755, body: "x", pax: { "SCHILY.xattr.security.capability": bytes } } }),
  );
  assert.equal(seen[0]?.capability, Buffer.from(bytes, "latin1").toString("hex"));
});

test("accepts an archive without an end marker and one with anything but entries after it, and says so", () => {
  const open = factsOf(entry("a", "x"));
  const trailing = factsOf(Buffer.concat([tar({ a: "x" }), Buffer.from("garbage that is no header")]));
  assert.ok(!("reason" in open) && !("reason" in trailing));
  assert.deepEqual(open.anomalies, [{ code: "no-end-marker", path: "" }]);
  assert.deepEqual(trailing.anomalies, [{ code: "data-after-end", path: "" }]);
});

test("sees an empty archive as a layer without entries", () => {
  for (const bytes of [Buffer.alloc(0), END, Buffer.alloc(10_240)]) {
    const facts = factsOf(bytes);
    assert.ok(!("reason" in facts));
    assert.equal(facts.entryCount, 0);
  }
});

test("stops at the entry limit", () => {
  const many = Buffer.concat(Array.from({ length: 1024 }, () => header({ name: "usr/share/data/x" })));
  const walk = new TarWalk(new LayerCollector());
  for (let told = 0; told < MAX_ENTRIES - 1024; told += 1024) assert.equal(walk.push(many), undefined);
  for (let more = 0; more < 2; more += 1) walk.push(many);
  assert.match(walk.fault?.detail ?? "", /1000000 entries$/);
});

test("stops at the limit of entries of interest", () => {
  const many = Buffer.concat(Array.from({ length: 1024 }, () => header({ name: "usr/bin/x", mode: 0o755 })));
  const walk = new TarWalk(new LayerCollector());
  for (let told = 0; told <= MAX_KEPT_ENTRIES; told += 1024) walk.push(many);
  assert.match(walk.fault?.detail ?? "", /200000 entries of interest/);
});

test("stops at paths and links that no kernel would take", () => {
  const reasonOf = (bytes: Uint8Array): string | undefined => {
    const facts = factsOf(bytes);
    return "reason" in facts ? facts.reason : undefined;
  };
  assert.equal(reasonOf(tar({ [`${"a/".repeat(MAX_PATH / 2)}x`]: "" })), "limit");
  assert.equal(reasonOf(tar({ [`${"a/".repeat(MAX_DEPTH)}x`]: "" })), "limit");
  assert.equal(reasonOf(tar({ ["n".repeat(256)]: "" })), "limit");
  assert.equal(reasonOf(tar({ link: { link: "t".repeat(MAX_PATH + 1) } })), "limit");
  assert.equal(reasonOf(tar({ ["n".repeat(255)]: "" })), undefined);
});

test("sees the same whatever the pieces it arrives in", () => {
  for (const bytes of seedTars()) {
    const whole = entriesOf(bytes);
    for (const step of [1, 7, 511, 512, 513, 1000]) assert.deepEqual(entriesOf(bytes, step), whole);
  }
});

test("sees in stored mutations what Go's reader saw, or refuses them", () => {
  const lines = readFileSync(new URL("../../fixtures/tar/go-archive-tar.jsonl", import.meta.url), "utf8")
    .trim()
    .split("\n");
  const outcomes = lines.map((line) => {
    const { go, tar } = JSON.parse(line) as { readonly go: GoView; readonly tar: string };
    return assertLikeGo(gunzipSync(Buffer.from(tar, "base64")), go);
  });
  assert.ok(outcomes.filter((one) => one === "same").length >= 70);
  assert.ok(outcomes.filter((one) => one === "refused").length >= 60);
});

test("survives any mutation: no throw, no hang, the same for any pieces", () => {
  const seeds = seedTars();
  fc.assert(
    fc.property(fc.nat(), fc.integer({ min: 1, max: 2000 }), (seed, step) => {
      const bytes = mutate(seeds, randomFrom(seed));
      const whole = factsOf(bytes);
      assert.deepEqual(factsOf(bytes, step), whole);
    }),
    { numRuns: 1500 },
  );
});

test("survives bytes that are no tar at all", () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 1, maxLength: 3000 }), (bytes) => {
      const facts = factsOf(bytes);
      assert.ok("reason" in facts || bytes.every((byte) => byte === 0));
    }),
    { numRuns: 500 },
  );
});

test("walks in time that grows with the archive alone", () => {
  const timed = (count: number): number => {
    const block = header({ name: "usr/share/x", size: 0 });
    const bytes = Buffer.concat([...Array.from({ length: count }, () => block), END]);
    const since = performance.now();
    factsOf(bytes);
    return performance.now() - since;
  };
  timed(10_000);
  const small = timed(10_000);
  assert.ok(timed(80_000) < Math.max(small, 5) * 8 * 4, "eight times the entries took more than 32 times as long");
});

test("keeps checksums honest in its own builder", () => {
  const block = header({ name: "x" });
  const before = Buffer.from(block);
  stamp(block);
  assert.deepEqual(block, before);
});
