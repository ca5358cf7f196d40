import assert from "node:assert/strict";
import { inspect } from "node:util";
import { test } from "node:test";

import { newSealKeyLine, parseSealKeys } from "../../../src/crypto/seal-keys.ts";

const HEX = "ab".repeat(32);
const BASE64 = Buffer.alloc(32, 7).toString("base64");

function refusalOf(text: string): string {
  let message = "";
  assert.throws(
    () => parseSealKeys(text, "seal.keys"),
    (error: Error & { readonly code?: string }) => {
      message = error.message;
      return error.name === "InputError" && error.code === "key";
    },
  );
  return message;
}

test("seal keys are read newest first, in hexadecimal and base64, around comments and blank lines", () => {
  const keyring = parseSealKeys(`# rotated monthly\n\n2026-11:${BASE64}\n 2026-10: ${HEX} \r\n`, "seal.keys");
  assert.equal(keyring.newest.id, "2026-11");
  assert.deepEqual([...keyring.keys.keys()], ["2026-11", "2026-10"]);
  assert.equal(keyring.keys.get("2026-10")?.secret.export().toString("hex"), HEX);
});

test("a line we make is a line we read", () => {
  assert.equal(parseSealKeys(newSealKeyLine("a"), "x").newest.secret.symmetricKeySize, 32);
});

test("a key file that cannot be used is refused with its line and the mend, and without the key", () => {
  assert.match(refusalOf(""), /seal\.keys: there is no key: .*openssl rand -base64 32/);
  assert.match(refusalOf("# only a comment"), /there is no key/);
  assert.match(refusalOf(`a:${HEX}\na:${BASE64}`), /seal\.keys:2: the key id "a" stands twice/);
  assert.match(refusalOf(`a:${"cd".repeat(31)}`), /seal\.keys:1: the key "a" has 31 bytes, fewer than 32/);
  assert.match(refusalOf("a:hunter2!"), /neither hexadecimal nor base64/);
  assert.match(refusalOf(HEX), /a line is an id/);
  assert.match(refusalOf(`${"i".repeat(33)}:${HEX}`), /a line is an id/);
  for (const text of [`a:${"cd".repeat(31)}`, "a:hunter2!", HEX, `a:${HEX}\na:${BASE64}`]) {
    assert.doesNotMatch(refusalOf(text), new RegExp(`hunter2|${HEX}|cdcdcd|${BASE64.slice(0, 16)}`));
  }
});

test("a keyring prints and serialises without its bytes", () => {
  const keyring = parseSealKeys(`a:${HEX}`, "x");
  assert.doesNotMatch(inspect(keyring, { depth: 10 }) + JSON.stringify([...keyring.keys]), /abab/);
});
