import assert from "node:assert/strict";
import { test } from "node:test";

import * as fc from "fast-check";

import { parseCertificate } from "../../../src/crypto/certificate.ts";
import { checkCrl } from "../../../src/crypto/crl.ts";
import { childrenOf, onlyChild, readDer, TAG } from "../../../src/crypto/der.ts";
import { checkOcspResponse } from "../../../src/crypto/ocsp.ts";
import { readDistributionPoints } from "../../../src/crypto/revocation-points.ts";
import { InputError } from "../../../src/domain/errors.ts";
import { runs } from "../../support/fuzz.ts";
import { ECDSA_SHA256, extension } from "../../support/signing/certificates.ts";
import { bits, der, integer, sequence, utcTime } from "../../support/signing/der.ts";
import {
  answerOf,
  chainOf,
  changesAt,
  delegateOf,
  FROM,
  idOf,
  listOf,
  scopeOf,
  UNTIL,
} from "../../support/signing/revocation.ts";

const { leaf, authority } = chainOf([]);
const LEAF = parseCertificate(leaf.der);
const ISSUER = parseCertificate(authority.der);

const RICH = {
  scope: scopeOf(["http://lists.example.com/"]),
  extensions: [changesAt("http://lists.example.com/changes")],
  entries: [{ serial: leaf.serial, reason: 4, invalidAt: "2024-03-01T00:00:00Z" }],
};

const KINDS = [
  { check: checkCrl, good: [listOf(authority), listOf(authority, RICH)] },
  {
    check: checkOcspResponse,
    good: [
      answerOf(leaf, authority),
      answerOf(leaf, authority, { signer: delegateOf(authority) }),
      answerOf(leaf, authority, { status: { reason: 1, invalidAt: "2024-03-01T00:00:00Z" } }),
    ],
  },
] as const;

/** ECDSA has a second form of each signature, and a bag may hold anything: what was signed is what must not change. */
test("no flipped bit makes a list or an answer say something else", () => {
  for (const { check, good } of KINDS) {
    for (const bytes of good) {
      const proper = check(bytes, LEAF, ISSUER);
      assert.equal(proper.kind, "proved");
      for (let at = 0; at < bytes.length; at += 1) {
        const changed = Buffer.from(bytes);
        changed[at]! ^= 1 << (at % 8);
        const found = check(changed, LEAF, ISSUER);
        if (found.kind === "proved") assert.deepEqual(found, proper, `byte ${at}`);
      }
    }
  }
});

/** The part that the signature is over: of an answer, deeper. */
function signedPart(bytes: Uint8Array): Uint8Array {
  const [first, body] = childrenOf(readDer(bytes), TAG.sequence);
  if (first?.tag !== TAG.enumerated) return first!.bytes;
  const [, response] = childrenOf(onlyChild(body, 0xa0), TAG.sequence);
  return childrenOf(readDer(response!.content), TAG.sequence)[0]!.bytes;
}

test("no flipped bit of what is signed is believed", () => {
  let refused = 0;
  for (const { check, good } of KINDS) {
    for (const bytes of good) {
      const part = signedPart(bytes);
      const from = bytes.indexOf(part);
      for (let at = from; at < from + part.length; at += 1) {
        const changed = Buffer.from(bytes);
        changed[at]! ^= 1 << (at % 8);
        assert.equal(check(changed, LEAF, ISSUER).kind, "invalid", `byte ${at}`);
        refused += 1;
      }
    }
  }
  assert.ok(refused > 800, `${refused}`);
});

test("neither throws for anything but names every fault", () => {
  const bytes = fc.oneof(
    fc.uint8Array({ maxLength: 300 }),
    fc
      .tuple(
        fc.constantFrom(...KINDS.flatMap(({ good }) => [...good])),
        fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 6 }),
        fc.nat(),
      )
      .map(([good, edits, cut]) => {
        const changed = Buffer.from(good);
        for (const [at, byte] of edits) changed[at % changed.length] = byte;
        return cut % 3 === 0 ? changed.subarray(0, cut % changed.length) : changed;
      }),
  );
  fc.assert(
    fc.property(bytes, (input) => {
      for (const found of [checkCrl(input, LEAF, ISSUER), checkOcspResponse(input, LEAF, ISSUER)]) {
        if (found.kind === "invalid") assert.ok(found.detail.length > 0);
      }
    }),
    { numRuns: runs(3000) },
  );
});

/** Trees of the tags that these formats have, which get past the first reader. */
const tree = fc.letrec<{ node: Buffer }>((tie) => ({
  node: fc.oneof(
    { maxDepth: 6 },
    fc
      .tuple(
        fc.constantFrom(0x02, 0x03, 0x04, 0x06, 0x0a, 0x01, 0x17, 0x18, 0x80, 0x82, 0x86),
        fc.uint8Array({ maxLength: 8 }),
      )
      .map(([tag, content]) => der(tag, content)),
    fc
      .tuple(fc.constantFrom(0x30, 0x31, 0xa0, 0xa1, 0xa2), fc.array(tie("node"), { maxLength: 5 }))
      .map(([tag, parts]) => der(tag, ...parts)),
  ),
})).node;

const trees = fc.array(tree, { maxLength: 6 });

test("whatever an authority signs is read or refused", () => {
  const lead = [integer(1), ECDSA_SHA256, authority.subject, utcTime(FROM), utcTime(UNTIL)];
  fc.assert(
    fc.property(trees, trees, (parts, more) => {
      const tbs = sequence(...lead, ...parts);
      const list = sequence(tbs, ECDSA_SHA256, bits(authority.key.sign(tbs)));
      assert.match(checkCrl(list, LEAF, ISSUER).kind, /^(?:invalid|proved)$/);
      const extensions = [extension("2.5.29.28", sequence(...parts)), extension("2.5.29.46", sequence(...more), false)];
      assert.match(checkCrl(listOf(authority, { extensions }), LEAF, ISSUER).kind, /^(?:invalid|proved)$/);
      const about = idOf(authority, leaf.serial);
      const answer = answerOf(leaf, authority, { singles: () => [sequence(about, ...parts)], extensions: more });
      assert.match(checkOcspResponse(answer, LEAF, ISSUER).kind, /^(?:invalid|proved)$/);
    }),
    { numRuns: runs(700) },
  );
});

test("points of a certificate are read or refused", () => {
  fc.assert(
    fc.property(trees, (parts) => {
      try {
        readDistributionPoints(sequence(...parts));
      } catch (error) {
        assert.ok(error instanceof InputError);
      }
    }),
    { numRuns: runs(2000) },
  );
});
