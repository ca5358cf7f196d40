import assert from "node:assert/strict";
import { test } from "node:test";

import * as fc from "fast-check";

import { digestOf } from "../../../src/crypto/digest-of.ts";
import type { SignatureEvidence } from "../../../src/domain/evidence.ts";
import type { Opinion } from "../../../src/domain/facts.ts";
import type { Document } from "../../../src/domain/subject.ts";
import { SCHEMES } from "../../../src/schemes/index.ts";
import { signatureEvidence } from "../../../src/schemes/evidence.ts";
import { runs } from "../../support/fuzz.ts";
import { MemoryImages } from "../../support/memory-images.ts";
import { imageOf } from "../../support/signing/artifact.ts";
import { signBundle } from "../../support/signing/bundle.ts";
import { signCosignLegacy } from "../../support/signing/cosign-signature.ts";
import { authorityOf, collectAll, targetOf } from "../../support/signing/judging.ts";
import { makeKey } from "../../support/signing/keys.ts";
import { VirtualLog } from "../../support/signing/virtual-log.ts";

const log = new VirtualLog();
const key = makeKey();
const image = imageOf("web");
const target = targetOf(image.digest);
const spec = authorityOf([key], log.trust);
const images = new MemoryImages()
  .put(signCosignLegacy({ image: image.digest, key, log }))
  .refer(image.digest, signBundle({ image: image.digest, key, log }), undefined);
const GOOD = await collectAll(images, target, spec);
const ASSESS = new Map(SCHEMES.signatures.map((scheme) => [scheme.id, scheme.authority(spec)!]));

async function judge(evidence: SignatureEvidence): Promise<Opinion["kind"]> {
  return (await ASSESS.get(evidence.scheme)!(evidence, target))!.kind;
}

test("the seeds of the fuzzing verify", async () =>
  assert.deepEqual(await Promise.all(GOOD.map(judge)), ["verified", "verified"]));

/** One change to a text: a character replaced, a piece cut out, doubled or swapped for a token that parsers care about. */
const change = fc.record({
  at: fc.nat({ max: 5000 }),
  length: fc.integer({ min: 1, max: 40 }),
  by: fc.oneof(
    fc.constantFrom("", "{", "}", '"', ",", "null", "0", "-1", "[]", "\u0000", "\ud800", "=", "1e999", "\u017f"),
    fc.string({ maxLength: 8 }),
  ),
});

function edit(text: string, { at, length, by }: { at: number; length: number; by: string }): string {
  const from = at % text.length;
  return text.slice(0, from) + by + text.slice(from + length);
}

test("no changed payload or bundle verifies, and none throws", async () => {
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...GOOD), change, async (good, how) => {
      const last = good.documents.at(-1)!;
      const before = Buffer.from(last.bytes);
      const bytes = Buffer.from(edit(before.toString(), how));
      const changed: Document = {
        descriptor: { ...last.descriptor, digest: digestOf(bytes), size: bytes.length },
        bytes,
      };
      const verdict = await judge(signatureEvidence({ ...good, documents: [...good.documents.slice(0, -1), changed] }));
      // A bundle's hint and key id are not signed, and white space is not read.
      const harmless = bytes.equals(before) || sameMeaning(before.toString(), bytes.toString());
      if (!harmless) assert.equal(verdict, "rejected", bytes.toString());
    }),
    { numRuns: runs(800) },
  );
});

/** Whether two bundles differ in nothing but what nobody vouches for. */
function sameMeaning(before: string, after: string): boolean {
  const strip = (text: string): string | undefined => {
    try {
      const bundle = JSON.parse(text) as { mediaType: string; verificationMaterial: { publicKey: object } };
      if (!("verificationMaterial" in bundle)) return undefined;
      return JSON.stringify({ ...bundle, verificationMaterial: { ...bundle.verificationMaterial, publicKey: {} } });
    } catch {
      return undefined;
    }
  };
  const stripped = strip(before);
  return stripped !== undefined && stripped === strip(after);
}

test("no changed annotation of a layer verifies, unless it is one that nobody reads", async () => {
  const [layer] = GOOD;
  const document = layer!.documents[0]!;
  const names = fc.constantFrom("dev.cosignproject.cosign/signature", "dev.sigstore.cosign/bundle");
  await fc.assert(
    fc.asyncProperty(names, change, async (name, how) => {
      const before = document.descriptor.annotations[name]!;
      const after = edit(before, how);
      const annotations = { ...document.descriptor.annotations, [name]: after };
      const documents = [{ ...document, descriptor: { ...document.descriptor, annotations } }];
      const verdict = await judge(signatureEvidence({ ...layer!, documents }));
      const bare = after.replaceAll(/\s/g, "");
      if (bare !== before) assert.equal(verdict, "rejected", after);
    }),
    { numRuns: runs(500) },
  );
});

test("arbitrary bytes never verify and never throw", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...GOOD),
      fc.uint8Array({ maxLength: 200 }),
      fc.json(),
      async (good, noise, json) => {
        for (const bytes of [noise, Buffer.from(json)]) {
          const documents = good.documents.map((document) => ({ ...document, bytes }));
          assert.equal(await judge(signatureEvidence({ ...good, documents })), "rejected");
        }
      },
    ),
    { numRuns: runs(500) },
  );
});
