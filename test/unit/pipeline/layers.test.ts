import assert from "node:assert/strict";
import { test } from "node:test";

import { PortError } from "../../../src/domain/errors.ts";
import type { LayerContent } from "../../../src/domain/layer-facts.ts";
import { Layers, type LayerParts } from "../../../src/pipeline/layers.ts";
import { repository } from "../../support/policy-facts.ts";
import { layer } from "../../support/tar.ts";

const FOUND: LayerContent = { kind: "uninspectable", reason: "limit", detail: "as the test says" };

test("one registry's failure over a layer is not another's", async () => {
  const { descriptor } = layer({ "a.txt": { body: "a" } });
  const refused = Promise.withResolvers<undefined>();
  const parts = {
    images: {
      stream: async ({ registry }: { readonly registry: string }) =>
        registry === "slow.example.com" ? refused.promise : (async function* () {})(),
    },
    reader: { read: async () => FOUND },
    records: {
      get: async () => undefined,
      put: async () => true,
      leaseKey: (blob: string) => blob,
      leases: { take: async () => ({ kind: "held", by: "slow.example.com" }) },
    },
    patience: { samePlaceMs: 0, otherPlaceMs: 100 },
  };
  const layers = new Layers(parts as unknown as LayerParts);
  const signal = AbortSignal.timeout(5000);
  const slow = layers.content(repository("slow.example.com", "shop/web"), descriptor, signal);
  assert.deepEqual(await layers.content(repository("registry.example.com", "shop/web"), descriptor, signal), FOUND);
  refused.reject(new PortError("unreachable", "slow.example.com", "is slow"));
  await assert.rejects(slow, PortError);
});
