import assert from "node:assert/strict";
import { test } from "node:test";

import * as fc from "fast-check";

import { readTrustPolicy } from "../../../src/policy/trust-policy-document.ts";
import { runs } from "../../support/fuzz.ts";
import { judge, verdict } from "../../support/signing/notation-judging.ts";
import { envelopeOf, notationAuthority } from "../../support/signing/notation.ts";
import { TRUST_POLICY } from "../../support/signing/trust-policy-text.ts";
import { chain, image, root } from "../../support/signing/notation-judging.ts";

const FORMATS = ["jws", "cose"] as const;
/** Nothing is left to policy, so that only the envelope's own soundness can reject. */
const trust = notationAuthority({ ca: [root] });
const SEEDS = new Map(FORMATS.map((format) => [format, envelopeOf({ format, image, chain, metadata: { a: "1" } })]));

test("the seeds of the fuzzing verify", async () => {
  for (const [format, seed] of SEEDS) {
    assert.equal(await verdict({ sign: { format, envelope: () => seed }, trust }), "verified");
  }
});

const change = fc.record({
  at: fc.nat({ max: 10_000 }),
  cut: fc.nat({ max: 6 }),
  by: fc.oneof(
    fc.uint8Array({ maxLength: 6 }),
    fc.constantFrom("{", "}", '"', ",", "null", "=", "\u0000").map((text) => Buffer.from(text)),
    fc
      .constantFrom("a0", "f6", "9f", "ff", "d2", "c1", "5b7fffffffffffffff", "bf")
      .map((hex) => Buffer.from(hex, "hex")),
  ),
});

for (const [format, seed] of SEEDS) {
  test(`no changed ${format} envelope verifies but for what is not signed, and none throws`, async () => {
    await fc.assert(
      fc.asyncProperty(change, async ({ at, cut, by }) => {
        const from = at % seed.length;
        const envelope = Buffer.concat([seed.subarray(0, from), by, seed.subarray(from + cut)]);
        const opinion = await judge({ sign: { format, envelope: () => envelope }, trust });
        assert.ok(opinion !== undefined);
        if (opinion.kind === "verified") assert.ok(isHarmless(format, envelope, seed), envelope.toString("base64"));
      }),
      { numRuns: runs(1200) },
    );
  });
}

/** The signing agent is not signed, and white space in JSON is not read. */
function isHarmless(format: "jws" | "cose", changed: Buffer, seed: Buffer): boolean {
  const plain = (bytes: Buffer): string =>
    bytes
      .toString("latin1")
      .replaceAll(/\s/g, "")
      .replace(/("io\.cncf[^"]*":"[^"]*"|"[^"]{0,40}":"assay-test\/1")/, "");
  if (format === "jws") return sameSigned(changed, seed) || plain(changed) === plain(seed);
  const agent = seed.indexOf("io.cncf.notary.signingAgent");
  const end = agent + "io.cncf.notary.signingAgent".length + "assay-test/1".length + 1;
  const tail = seed.length - end;
  return (
    changed.subarray(0, agent).equals(seed.subarray(0, agent)) &&
    changed.subarray(changed.length - tail).equals(seed.subarray(end))
  );
}

function sameSigned(changed: Buffer, seed: Buffer): boolean {
  type Envelope = {
    readonly payload: string;
    readonly protected: string;
    readonly signature: string;
    readonly header: { readonly x5c: unknown };
  };
  const [a, b] = [changed, seed].map((bytes) => JSON.parse(bytes.toString()) as Envelope);
  const signed = (envelope: Envelope | undefined) => [
    envelope?.payload,
    envelope?.protected,
    envelope?.signature,
    envelope?.header.x5c,
  ];
  return JSON.stringify(signed(a)) === JSON.stringify(signed(b));
}

test("no changed trust policy trusts more than it says, and none throws", () => {
  assert.equal(readTrustPolicy("trustpolicy.json", TRUST_POLICY).kind, "read");
  const piece = fc.oneof(
    fc.constantFrom(
      "",
      "{",
      "}",
      '"',
      ",",
      "null",
      "0",
      "[]",
      "*",
      '"*"',
      "skip",
      "audit",
      "\u0000",
      "\ud800",
      "#",
      "- ",
    ),
    fc.string({ maxLength: 6 }),
  );
  fc.assert(
    fc.property(fc.nat(TRUST_POLICY.length), fc.nat(20), piece, (from, cut, by) => {
      const text = TRUST_POLICY.slice(0, from) + by + TRUST_POLICY.slice(from + cut);
      const read = readTrustPolicy("trustpolicy.json", text);
      if (read.kind === "refused") {
        assert.ok(read.problems.length > 0);
        return;
      }
      JSON.parse(text);
      const scopes = read.statements.flatMap((statement) => statement.scopes);
      assert.equal(new Set(scopes).size, scopes.length);
      for (const statement of read.statements) {
        assert.equal(statement.actions.integrity, statement.level === "skip" ? "skip" : "enforce");
        assert.equal(statement.level === "skip", statement.stores.length === 0 && statement.identities.length === 0);
      }
    }),
    { numRuns: runs(2000) },
  );
});
