import assert from "node:assert/strict";
import { test } from "node:test";

import * as fc from "fast-check";

import { digestOf } from "../../../src/crypto/digest-of.ts";
import type { SignatureEvidence } from "../../../src/domain/evidence.ts";
import type { Opinion } from "../../../src/domain/facts.ts";
import type { Document } from "../../../src/domain/subject.ts";
import { signatureEvidence } from "../../../src/schemes/evidence.ts";
import { SCHEMES } from "../../../src/schemes/index.ts";
import { runs } from "../../support/fuzz.ts";
import { MemoryImages } from "../../support/memory-images.ts";
import { imageOf } from "../../support/signing/artifact.ts";
import { extension } from "../../support/signing/certificates.ts";
import { octets, oid } from "../../support/signing/der.ts";
import { collectAll, judgeAll, targetOf, verdictOf } from "../../support/signing/judging.ts";
import { KeylessChain } from "../../support/signing/keyless-chain.ts";
import { timestampOf, type LeafOptions } from "../../support/signing/virtual-fulcio.ts";

const chain = new KeylessChain();
const image = imageOf("web");
const target = targetOf(image.digest);
const spec = chain.authority();
const issued = chain.fulcio.issue();
const images = new MemoryImages().refer(image.digest, chain.bundle(image.digest, { issued }), undefined);
const [GOOD] = await collectAll(images, target, spec);
const ASSESS = new Map(SCHEMES.signatures.map((scheme) => [scheme.id, scheme.authority(spec)!]));

async function judge(evidence: SignatureEvidence): Promise<Opinion["kind"]> {
  return (await ASSESS.get(evidence.scheme)!(evidence, target))!.kind;
}

async function judgeLeaf(leaf: LeafOptions): Promise<string> {
  const signed = new MemoryImages().refer(image.digest, chain.bundle(image.digest, { leaf }), undefined);
  return (await judgeAll(signed, target, spec)).map(verdictOf).join();
}

function withCertificate(der: Buffer): SignatureEvidence {
  const last = GOOD!.documents.at(-1)!;
  const [before, after] = [issued.der, der].map((bytes) => bytes.toString("base64"));
  // The log's own copy of it, in another encoding, stays as it is.
  const bytes = Buffer.from(Buffer.from(last.bytes).toString().replace(before!, after!));
  const changed: Document = {
    descriptor: { ...last.descriptor, digest: digestOf(bytes), size: bytes.length },
    bytes,
  };
  return signatureEvidence({ ...GOOD!, documents: [...GOOD!.documents.slice(0, -1), changed] });
}

/** One byte changed, or a piece cut out or doubled. */
const damage = fc.record({
  at: fc.nat({ max: 4000 }),
  length: fc.integer({ min: 0, max: 20 }),
  by: fc.uint8Array({ maxLength: 20 }),
});

function damaged(bytes: Buffer, { at, length, by }: { at: number; length: number; by: Uint8Array }): Buffer {
  const from = at % bytes.length;
  return Buffer.concat([bytes.subarray(0, from), by, bytes.subarray(from + length)]);
}

test("the seed of the fuzzing verifies", async () => {
  assert.equal(await judge(GOOD!), "verified");
  assert.equal(await judge(withCertificate(issued.der)), "verified");
});

test("no changed certificate verifies, and none throws", async () => {
  await fc.assert(
    fc.asyncProperty(damage, async (how) => {
      const der = damaged(issued.der, how);
      assert.equal(await judge(withCertificate(der)), der.equals(issued.der) ? "verified" : "rejected");
    }),
    { numRuns: runs(250) },
  );
});

test("no certificate verifies by damaged SCTs, though its authority signed them, and none throws", async () => {
  await fc.assert(
    fc.asyncProperty(damage, async (how) => {
      let same = false;
      const timestamps: LeafOptions["timestamps"] = (proper) => {
        const good = timestampOf(proper);
        const bad = damaged(good, how);
        // The two bytes that name algorithms are not read: the log's key says what it signs with.
        const unread = (bytes: Buffer): Buffer => Buffer.concat([bytes.subarray(0, 43), bytes.subarray(45)]);
        same = unread(good).equals(unread(bad));
        return [bad];
      };
      const verdict = await judgeLeaf({ timestamps });
      if (same) assert.equal(verdict, "verified");
      else assert.match(verdict, /^rejected (?:sct-invalid|malformed)/);
    }),
    { numRuns: runs(100) },
  );
});

test("arbitrary bytes as names, as SCTs or as an issuer never verify and never throw", async () => {
  const oids = fc.constantFrom("2.5.29.17", "1.3.6.1.4.1.11129.2.4.2", "1.3.6.1.4.1.57264.1.8");
  await fc.assert(
    fc.asyncProperty(oids, fc.uint8Array({ maxLength: 60 }), fc.boolean(), async (name, noise, isWrapped) => {
      const value = Buffer.from(noise);
      const odd = extension(name, isWrapped ? octets(value) : value, false);
      const verdict = await judgeLeaf({
        extensions: (proper) => [...proper.filter((each) => !each.includes(oid(name))), odd],
        timestamps: (proper) => (name.endsWith(".4.2") ? [] : [timestampOf(proper)]),
      });
      assert.match(verdict, /^rejected/);
    }),
    { numRuns: runs(100) },
  );
});
