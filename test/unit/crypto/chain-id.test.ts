import assert from "node:assert/strict";
import { test } from "node:test";

import * as fc from "fast-check";

import { chainIdsOf } from "../../../src/crypto/chain-id.ts";
import { digestOf } from "../../../src/crypto/digest-of.ts";

const layers = ["first", "second", "third"].map((text) => digestOf(text));

test("a chain id is the digest of the one below, a space and the layer's own, as the specification says", () => {
  // Computed apart, with another SHA-256 over the texts that config.md spells out.
  assert.deepEqual(chainIdsOf(layers), [
    "sha256:a7937b64b8caa58f03721bb6bacf5c78cb235febe0e70b1b84cd99541461a08e",
    "sha256:346b0db932528b3bef9d4ffefd66a9b502b0f4590ef26a74d8a8d8ed0a78cdae",
    "sha256:4fedbb4928977c8a3dbf3817ef84cd8708b01647cbb1f2cdc34388f36b06d683",
  ]);
});

test("one layer is its own chain, and none has none", () => {
  assert.deepEqual(chainIdsOf(layers.slice(0, 1)), layers.slice(0, 1));
  assert.deepEqual(chainIdsOf([]), []);
});

test("images share chain ids as far as they share layers, and no further", () => {
  const stack = fc.array(fc.constantFrom(...layers), { maxLength: 8 });
  fc.assert(
    fc.property(stack, stack, (one, other) => {
      const [a, b] = [chainIdsOf(one), chainIdsOf(other)];
      const differs = one.findIndex((layer, at) => layer !== other[at]);
      const shared = differs === -1 ? one.length : differs;
      assert.deepEqual(a.slice(0, shared), b.slice(0, shared));
      for (const chainId of a.slice(shared)) assert.ok(!b.includes(chainId));
    }),
  );
});
