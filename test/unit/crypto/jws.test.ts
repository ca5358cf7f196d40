import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { parseJws } from "../../../src/crypto/jws.ts";
import { InputError } from "../../../src/domain/errors.ts";

const encode = (text: string): string => Buffer.from(text).toString("base64url");
const PROPER = {
  payload: encode('{"a":1}'),
  protected: encode('{"alg":"ES256"}'),
  header: {},
  signature: encode("signature!"),
};
const read = (envelope: object | string) =>
  parseJws(Buffer.from(typeof envelope === "string" ? envelope : JSON.stringify(envelope)), 1000);

describe("a JWS in flattened JSON", () => {
  test("is read, and what is signed is its texts with a dot between", () => {
    const jws = read(PROPER);
    assert.equal(Buffer.from(jws.message).toString(), `${PROPER.protected}.${PROPER.payload}`);
    assert.deepEqual([jws.protectedHeader.get("alg"), Buffer.from(jws.payload).toString()], ["ES256", '{"a":1}']);
  });

  const text = JSON.stringify(PROPER);
  const REFUSED: readonly (readonly [string, object | string])[] = [
    ["another member", { ...PROPER, signatures: [] }],
    ["a member in another case", { ...PROPER, Payload: PROPER.payload }],
    ["a member twice", text.replace("{", `{"payload":"${encode("{}")}",`)],
    ["no payload", { ...PROPER, payload: undefined }],
    ["no signed header", { ...PROPER, protected: undefined }],
    ["no unsigned header", { ...PROPER, header: undefined }],
    ["no signature", { ...PROPER, signature: undefined }],
    ["padding", { ...PROPER, signature: `${PROPER.signature.slice(0, -2)}==` }],
    ["the other alphabet", { ...PROPER, payload: "+/+/" }],
    ["a line break", { ...PROPER, payload: `${PROPER.payload}\n` }],
    ["spare bits", { ...PROPER, payload: "QR" }],
    ["a signed header that is no object", { ...PROPER, protected: encode("[]") }],
    ["a signed header with a member twice", { ...PROPER, protected: encode('{"alg":"ES256","alg":"none"}') }],
    ["a signed header that is no JSON", { ...PROPER, protected: encode("{") }],
    ["compact form", `${PROPER.protected}.${PROPER.payload}.${PROPER.signature}`],
    ["more bytes than allowed", { ...PROPER, payload: encode("a".repeat(2000)) }],
  ];
  for (const [name, envelope] of REFUSED) {
    test(`is refused with ${name}`, () => assert.throws(() => read(envelope), InputError));
  }
});
