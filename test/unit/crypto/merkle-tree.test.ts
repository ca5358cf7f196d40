import assert from "node:assert/strict";
import { test } from "node:test";

import * as fc from "fast-check";

import { rootOfPath } from "../../../src/crypto/merkle-tree.ts";
import { path, treeHash } from "../../support/signing/virtual-log.ts";

const leavesOf = (count: number): Buffer[] => Array.from({ length: count }, (_, at) => Buffer.from(`leaf ${at}`));

test("every leaf of every small tree leads to the root that RFC 6962 defines", () => {
  for (let count = 1; count <= 40; count += 1) {
    const leaves = leavesOf(count);
    const root = treeHash(leaves);
    for (const [at, leaf] of leaves.entries()) {
      const found = rootOfPath(leaf, { leafIndex: BigInt(at), treeSize: BigInt(count), hashes: path(at, leaves) });
      assert.deepEqual(Buffer.from(found ?? []), root, `leaf ${at} of ${count}`);
    }
  }
});

test("no other place, size or path leads a leaf to the root", () => {
  const cases = fc.record({
    count: fc.integer({ min: 1, max: 40 }),
    at: fc.nat(),
    shift: fc.integer({ min: 1, max: 39 }),
    how: fc.constantFrom("place", "drop", "add", "swap", "leaf"),
  });
  fc.assert(
    fc.property(cases, ({ count, at, shift, how }) => {
      const leaves = leavesOf(count);
      const index = at % count;
      const good = { leafIndex: BigInt(index), treeSize: BigInt(count), hashes: path(index, leaves) };
      const bad = {
        ...good,
        ...(how === "place" && { leafIndex: BigInt(index + shift) }),
        ...(how === "drop" && { hashes: good.hashes.slice(1) }),
        ...(how === "add" && { hashes: [...good.hashes, treeHash(leaves)] }),
        ...(how === "swap" && { hashes: good.hashes.toReversed() }),
      };
      const leaf = how === "leaf" ? Buffer.from("other leaf") : leaves[index]!;
      const same = bad.hashes.every((hash, place) => good.hashes[place]?.equals(hash));
      const unchanged =
        same && bad.hashes.length === good.hashes.length && bad.leafIndex === good.leafIndex && how !== "leaf";
      const found = rootOfPath(leaf, bad);
      assert.equal(found !== undefined && treeHash(leaves).equals(found), unchanged);
    }),
    { numRuns: 500 },
  );
});

test("a place outside the tree, an empty tree and a hash of another length lead nowhere", () => {
  const leaf = Buffer.from("leaf");
  assert.equal(rootOfPath(leaf, { leafIndex: 0n, treeSize: 0n, hashes: [] }), undefined);
  assert.equal(rootOfPath(leaf, { leafIndex: 1n, treeSize: 1n, hashes: [] }), undefined);
  assert.equal(rootOfPath(leaf, { leafIndex: -1n, treeSize: 1n, hashes: [] }), undefined);
  assert.equal(rootOfPath(leaf, { leafIndex: 0n, treeSize: 2n, hashes: [Buffer.alloc(31)] }), undefined);
  assert.equal(rootOfPath(leaf, { leafIndex: 0n, treeSize: 2n, hashes: [] }), undefined);
});
