import assert from "node:assert/strict";
import { test } from "node:test";

import * as fc from "fast-check";

import { digestOf } from "../../../src/crypto/digest-of.ts";
import { plainDescriptor, type Descriptor } from "../../../src/domain/descriptor.ts";
import type { Document } from "../../../src/domain/subject.ts";
import { extractDocument, isExtract, readExtract } from "../../../src/schemes/attestation/extract.ts";
import { extractFrom } from "../../../src/schemes/attestation/extraction.ts";
import { ATTESTATION, ATTESTATION_TAG } from "../../../src/schemes/attestation/source.ts";
import { signatureEvidence } from "../../../src/schemes/evidence.ts";
import { SCHEMES } from "../../../src/schemes/index.ts";
import { runs } from "../../support/fuzz.ts";
import { imageOf } from "../../support/signing/artifact.ts";
import { attestationLayer } from "../../support/signing/attestation.ts";
import { authorityOf, targetOf, verdictOf } from "../../support/signing/judging.ts";
import { makeKey } from "../../support/signing/keys.ts";
import { VirtualLog } from "../../support/signing/virtual-log.ts";

const key = makeKey();
const log = new VirtualLog();
const image = imageOf("fuzzed");
const target = targetOf(image.digest);
const attest = SCHEMES.attestations[0]?.attestor(authorityOf([key], log.trust));
/** Its payload is just long enough to be cut out. */
const good = attestationLayer({
  image: image.digest,
  key,
  log,
  predicate: { list: Array.from({ length: 4000 }, (_, at) => ({ id: at, name: `n${at}` })), result: "passed" },
});
const { annotations } = good.descriptor as { annotations: Readonly<Record<string, string>> };

async function judged(document: Document): Promise<string> {
  const artifact = plainDescriptor("application/vnd.oci.image.manifest.v1+json", digestOf("manifest"), 8);
  const evidence = signatureEvidence({
    scheme: ATTESTATION,
    source: ATTESTATION_TAG,
    about: image.digest,
    artifact,
    part: 0,
    via: "tag",
    documents: [document],
    missing: undefined,
    gaps: [],
  });
  const opinion = await attest?.(evidence, target, () => undefined);
  return verdictOf(opinion);
}

function whole(bytes: Buffer): Document {
  const layer = plainDescriptor("application/vnd.dsse.envelope.v1+json", digestOf(bytes), bytes.length);
  return { descriptor: { ...layer, annotations }, bytes };
}

/** What is taken out of the same bytes when they come in pieces of this size. */
async function inPieces({ descriptor: layer, bytes }: Document, size: number): Promise<Document> {
  async function* pieces(): AsyncGenerator<Uint8Array> {
    for (let at = 0; at < bytes.length; at += size) {
      await Promise.resolve();
      yield bytes.subarray(at, at + size);
    }
  }
  const open = async (): Promise<AsyncIterable<Uint8Array>> => await Promise.resolve(pieces());
  const extract = await extractFrom({ layer, form: "envelope", open }, () => ["predicate.result"], 1000);
  const document = extractDocument(extract, layer.annotations);
  assert.ok(isExtract(document));
  assert.deepEqual(readExtract(document), extract);
  return document;
}

const change = fc.record({
  at: fc.nat({ max: 200_000 }),
  near: fc.boolean(),
  length: fc.integer({ min: 0, max: 30 }),
  by: fc.oneof(
    fc.constantFrom(
      "",
      "{",
      "}",
      '"',
      ",",
      "null",
      "=",
      "\\",
      "\\n",
      "\u0000",
      "A",
      "AAAA",
      " ",
      "\ufeff",
      '","payload":"e30=',
    ),
    fc.string({ maxLength: 6 }),
  ),
});

test("no change to an attestation makes it count, and one in pieces is judged as the whole is", async () => {
  assert.equal(await judged(whole(good.payload)), "verified");
  assert.equal(await judged(await inPieces(whole(good.payload), 1000)), "verified");
  const text = good.payload.toString("latin1");
  let counted = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.array(change, { minLength: 1, maxLength: 3 }),
      fc.integer({ min: 100, max: 90_000 }),
      async (changes, size) => {
        let changed = text;
        for (const { at, near, length, by } of changes) {
          // Half of them where the envelope's own members stand.
          const place = near ? (at % 2 === 0 ? at % 70 : text.length - (at % 160)) : at % text.length;
          changed = changed.slice(0, place) + by + changed.slice(place + length);
        }
        const document = whole(Buffer.from(changed, "latin1"));
        const [held, read] = [await judged(document), await judged(await inPieces(document, size))];
        if (held === "verified") counted += 1;
        assert.equal(read === "verified", held === "verified", `${held}, in pieces ${read}`);
        if (held === "verified") assert.deepEqual(payloadOf(changed), payloadOf(text));
      },
    ),
    { numRuns: runs(300) },
  );
  assert.ok(counted < runs(300) / 2, `${counted} of the changes did not matter`);
});

/** As JSON.parse and Node read it. */
function payloadOf(text: string): Buffer {
  return Buffer.from((JSON.parse(text) as { payload: string }).payload, "base64");
}

test("whatever bytes come, something is taken out of them and refused", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.oneof(
        fc.uint8Array({ maxLength: 300 }),
        fc.json().map((json) => Buffer.from(json)),
      ),
      async (bytes) => {
        const document: { readonly descriptor: Descriptor; readonly bytes: Uint8Array } = whole(Buffer.from(bytes));
        assert.match(await judged(await inPieces(document, 7)), /^rejected malformed at parsed$/);
        assert.match(await judged(document), /^rejected malformed at parsed$/);
      },
    ),
    { numRuns: runs(300) },
  );
});
