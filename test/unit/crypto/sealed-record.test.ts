import assert from "node:assert/strict";
import { test } from "node:test";

import * as fc from "fast-check";

import { parseSealKeys, type Keyring } from "../../../src/crypto/seal-keys.ts";
import { open, seal, type Opened } from "../../../src/crypto/sealed-record.ts";
import { parseInstant } from "../../../src/domain/instant.ts";
import { freshKeyring } from "../../support/keyring.ts";

const NOW = parseInstant("2026-11-21T12:00:00Z");
const PLACE = { space: "verdict", key: "sha256:aa" };
const AT = { ...PLACE, now: NOW };
const PAYLOAD = new TextEncoder().encode('{"decision":"deny"}');
const keyring = freshKeyring("2026-11");

const why = (opened: Opened): string => (opened.kind === "refused" ? opened.why : opened.kind);

test("a sealed record opens where it belongs, with its payload and expiry", () => {
  const expiresAt = parseInstant("2026-11-21T12:00:01Z");
  const opened = open(seal(PAYLOAD, { ...PLACE, expiresAt }, keyring), AT, keyring);
  assert.deepEqual(opened.kind === "opened" && new Uint8Array(opened.payload), PAYLOAD);
  assert.equal(opened.kind === "opened" && opened.expiresAt, expiresAt);
  assert.equal(why(open(seal(PAYLOAD, PLACE, keyring), AT, keyring)), "opened");
});

test("a record is refused from the instant it expires", () => {
  assert.equal(why(open(seal(PAYLOAD, { ...PLACE, expiresAt: NOW }, keyring), AT, keyring)), "expired");
});

test("a record put under another key or in another space is moved", () => {
  const sealed = seal(PAYLOAD, PLACE, keyring);
  assert.equal(why(open(sealed, { ...AT, key: "sha256:bb" }, keyring)), "moved");
  assert.equal(why(open(sealed, { ...AT, space: "facts" }, keyring)), "moved");
});

test("a record by somebody who only knows the key's name is forged", () => {
  assert.equal(why(open(seal(PAYLOAD, PLACE, freshKeyring("2026-11")), AT, keyring)), "forged");
});

test("a record by a key that is not listed any more is refused, and opens while it is listed", () => {
  const old = freshKeyring("2026-10");
  const sealed = seal(PAYLOAD, PLACE, old);
  assert.equal(why(open(sealed, AT, keyring)), "unknown-key");
  const rotated: Keyring = { newest: keyring.newest, keys: new Map([...keyring.keys, ...old.keys]) };
  assert.equal(why(open(sealed, AT, rotated)), "opened");
  assert.equal(why(open(seal(PAYLOAD, PLACE, rotated), AT, keyring)), "opened", "the newest key seals");
});

test("no byte of a record can be changed", () => {
  const sealed = seal(PAYLOAD, { ...PLACE, expiresAt: parseInstant("2027-01-01T00:00:00Z") }, keyring);
  for (let index = 0; index < sealed.length; index += 1) {
    for (const bit of [1, 0x80]) {
      const changed = Uint8Array.from(sealed);
      changed[index] = (changed[index] ?? 0) ^ bit;
      assert.notEqual(why(open(changed, AT, keyring)), "opened", `byte ${index}`);
    }
  }
});

test("no cut or lengthened record opens", () => {
  const sealed = seal(PAYLOAD, PLACE, keyring);
  for (let length = 0; length < sealed.length; length += 1) {
    assert.notEqual(why(open(sealed.subarray(0, length), AT, keyring)), "opened", `${length} bytes`);
  }
  assert.equal(why(open(Buffer.concat([sealed, Buffer.alloc(1)]), AT, keyring)), "forged");
});

test("bytes that are no record are malformed", () => {
  assert.equal(why(open(new Uint8Array(), AT, keyring)), "malformed");
  assert.equal(
    why(open(Buffer.from('{"decision":"allow","padding":"0123456789012345678901234567890"}'), AT, keyring)),
    "malformed",
  );
});

test("any bytes at any place come back, and only there", () => {
  fc.assert(
    fc.property(fc.uint8Array(), fc.string(), fc.string(), fc.string(), (payload, space, key, other) => {
      const sealed = seal(payload, { space, key }, keyring);
      const opened = open(sealed, { space, key, now: NOW }, keyring);
      assert.deepEqual(opened.kind === "opened" && new Uint8Array(opened.payload), payload);
      if (other !== key) assert.equal(why(open(sealed, { space, key: other, now: NOW }, keyring)), "moved");
    }),
  );
});

test("no random bytes open", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (noise) => {
      const named = Buffer.concat([Buffer.from([1, 7]), Buffer.from("2026-11"), noise]);
      assert.equal(open(noise, AT, keyring).kind, "refused");
      assert.equal(open(named, AT, keyring).kind, "refused");
    }),
  );
});

test("a key of 32 bytes and one of 64 both seal", () => {
  const long = parseSealKeys(`long:${"0f".repeat(64)}`, "x");
  assert.equal(why(open(seal(PAYLOAD, PLACE, long), AT, long)), "opened");
});
