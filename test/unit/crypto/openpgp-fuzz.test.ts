import assert from "node:assert/strict";
import { test } from "node:test";

import * as fc from "fast-check";

import { readKeyring } from "../../../src/crypto/openpgp/keyring.ts";
import { checkMessage } from "../../../src/crypto/openpgp/message-check.ts";
import { readSignedMessage } from "../../../src/crypto/openpgp/signed-message.ts";
import { InputError } from "../../../src/domain/errors.ts";
import { runs } from "../../support/fuzz.ts";
import {
  announcement,
  boundSubkey,
  compressed,
  keyringOf,
  literal,
  packet,
  PgpKey,
  signedMessage,
} from "../../support/signing/openpgp.ts";

const CONTENT = Buffer.from("this digest, under this name");
const key = new PgpKey();
const sub = new PgpKey();
const BINARY = keyringOf(key, boundSubkey(key, sub));
const RING = readKeyring([{ bytes: BINARY, from: "a.gpg" }]);
const MESSAGES = [signedMessage(key, CONTENT), signedMessage(sub, CONTENT), compressed(signedMessage(key, CONTENT))];
const RUNS = { numRuns: runs(1500) };

/** One change to bytes: some replaced, cut out or put in. */
const change = fc.record({
  at: fc.nat({ max: 5000 }),
  length: fc.nat({ max: 12 }),
  by: fc.oneof(fc.uint8Array({ maxLength: 6 }), fc.constantFrom(Uint8Array.of(0), Uint8Array.of(0xff))),
});

function edit(bytes: Uint8Array, { at, length, by }: { at: number; length: number; by: Uint8Array }): Buffer {
  const from = at % bytes.length;
  return Buffer.concat([bytes.subarray(0, from), by, bytes.subarray(from + length)]);
}

/** What a message is found to say, or nothing; anything but an `InputError` fails the test. */
function saidBy(message: Uint8Array, ring: Uint8Array | undefined): string | undefined {
  try {
    const keyring = ring === undefined ? RING : readKeyring([{ bytes: ring, from: "a.gpg" }]);
    const read = readSignedMessage(message);
    if (read.kind === "refused") return undefined;
    return checkMessage(read, keyring).kind === "proved" ? Buffer.from(read.content).toString() : undefined;
  } catch (error) {
    assert.ok(error instanceof InputError, error instanceof Error ? error.stack : String(error));
    return undefined;
  }
}

test("the seeds of the fuzzing are proved", () => {
  for (const message of MESSAGES) assert.equal(saidBy(message, BINARY), CONTENT.toString());
});

test("a changed message never says anything but what was signed, and none crashes", () => {
  fc.assert(
    fc.property(fc.constantFrom(...MESSAGES), fc.array(change, { minLength: 1, maxLength: 3 }), (message, how) => {
      const said = saidBy(how.reduce(edit, message), undefined);
      assert.ok(said === undefined || said === CONTENT.toString(), said);
    }),
    RUNS,
  );
});

test("packets of a signed message in any number and order never say anything else", () => {
  const pieces = fc.constantFrom(
    announcement(key),
    announcement(key, {}, 0),
    literal(CONTENT),
    literal(Buffer.from("another digest")),
    packet(2, key.sign(CONTENT)),
    packet(2, new PgpKey().sign(CONTENT)),
    packet(8, Uint8Array.of(0)),
    packet(10, Buffer.from("PGP")),
    packet(60, Buffer.from("x")),
  );
  const wrapped = fc.boolean();
  fc.assert(
    fc.property(fc.array(pieces, { maxLength: 6 }), wrapped, (parts, isWrapped) => {
      const whole = Buffer.concat(parts);
      const said = saidBy(isWrapped ? compressed(whole) : whole, undefined);
      assert.ok(said === undefined || (said === CONTENT.toString() && parts.length === 3), said);
    }),
    RUNS,
  );
});

test("a changed keyring never makes a stranger's message count, and none crashes", () => {
  const stranger = signedMessage(new PgpKey(), CONTENT);
  fc.assert(
    fc.property(fc.array(change, { minLength: 1, maxLength: 3 }), (how) => {
      assert.equal(saidBy(stranger, how.reduce(edit, BINARY)), undefined);
    }),
    RUNS,
  );
});

test("a changed keyring never lets a key sign that its owner did not give that purpose", () => {
  const certifier = keyringOf(key, [], { hashed: [[27, Uint8Array.of(0x01)]] });
  const silent = keyringOf(key, boundSubkey(key, sub, { back: [] }));
  const rows = fc.constantFrom(
    { ring: certifier, message: signedMessage(key, CONTENT) },
    { ring: silent, message: signedMessage(sub, CONTENT) },
  );
  fc.assert(
    fc.property(rows, fc.array(change, { minLength: 1, maxLength: 2 }), ({ ring, message }, how) => {
      assert.equal(saidBy(message, how.reduce(edit, ring)), undefined);
    }),
    RUNS,
  );
});

test("arbitrary bytes are no message and no keyring", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
      assert.equal(saidBy(bytes, undefined), undefined);
      assert.equal(saidBy(MESSAGES[0] ?? assert.fail(), bytes), undefined);
    }),
    RUNS,
  );
});
