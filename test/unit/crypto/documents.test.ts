import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { decodeBase64, encodeBase64 } from "../../../src/crypto/base64.ts";
import { canonicalJson } from "../../../src/crypto/canonical-json.ts";
import { parseCheckpoint } from "../../../src/crypto/checkpoint.ts";
import { parseEnvelope, preAuthEncoding } from "../../../src/crypto/dsse.ts";
import { parseStatement } from "../../../src/crypto/in-toto.ts";
import { parseLogBody } from "../../../src/crypto/log-body.ts";
import { parseTrustedRoot } from "../../../src/crypto/trusted-root.ts";
import { publicGoodRoot } from "../../../src/schemes/sigstore-root.ts";
import { jsonValue } from "../../support/json-value.ts";
import { TestTimestampAuthority } from "../../support/signing/timestamp-authority.ts";
import { VirtualLog } from "../../support/signing/virtual-log.ts";

test("canonical JSON is one text a value, whatever order its members were written in", () => {
  const value = {
    b: [1, "x", null, undefined, [], {}],
    a: { z: true, "\u20ac": -0.5, y: undefined },
    c: null,
    d: "\n",
  };
  const text = '{"a":{"z":true,"\u20ac":-0.5},"b":[1,"x",null,null,[],{}],"c":null,"d":"\\n"}';
  assert.equal(canonicalJson(value), text);
  assert.equal(canonicalJson(undefined), "null");
  assert.equal(canonicalJson("\u20ac"), '"\u20ac"');
  for (const number of [Number.NaN, Infinity, -Infinity]) assert.throws(() => canonicalJson({ number }), TypeError);
});

describe("base64", () => {
  test("has one text for each byte string", () => {
    for (const text of ["", "AA==", "AAA=", "AAAA", "+/+/"])
      assert.equal(encodeBase64(decodeBase64(text, "text")), text);
  });

  for (const text of [
    "A",
    "AA",
    "AAA",
    "AA=",
    "AA===",
    "AB==",
    "AAB=",
    "-_-_",
    "AAAA\n",
    " AAAA",
    "AA==AA==",
    "A\u0410AA",
  ]) {
    test(`refuses ${JSON.stringify(text)}`, () => {
      assert.throws(() => decodeBase64(text, "text"), { name: "InputError", code: "signature" });
    });
  }
});

describe("a DSSE envelope", () => {
  const place = { code: "signature", path: "envelope" } as const;

  test("is signed over the bytes that the protocol gives as its example", () => {
    // secure-systems-lab/dsse, protocol.md, "Test vectors".
    const signed = Buffer.from(preAuthEncoding("http://example.com/HelloWorld", Buffer.from("hello world"))).toString();
    assert.equal(signed, "DSSEv1 29 http://example.com/HelloWorld 11 hello world");
  });

  test("counts its type in bytes of UTF-8, so that no other letter passes for one of ASCII", () => {
    const signed = Buffer.from(preAuthEncoding("\u0161", Buffer.alloc(0)));
    assert.deepEqual(signed, Buffer.from("DSSEv1 2 \u0161 0 ", "utf8"));
    assert.notDeepEqual(signed, Buffer.from(preAuthEncoding("a", Buffer.alloc(0))));
  });

  test("may have up to 32 signatures, and must have one", () => {
    const envelope = (count: number): unknown => ({
      payload: "",
      payloadType: "x",
      signatures: Array.from({ length: count }, () => ({ sig: "AAAA" })),
    });
    assert.equal(parseEnvelope(jsonValue(envelope(32)), place).signatures.length, 32);
    for (const count of [0, 33])
      assert.throws(() => parseEnvelope(jsonValue(envelope(count)), place), { name: "InputError" });
  });
});

describe("a checkpoint", () => {
  const log = new VirtualLog();
  const good = log.prove(0).checkpoint;

  test("gives the tree's size and root, and the signatures with their hints", () => {
    const checkpoint = parseCheckpoint(good);
    assert.equal(checkpoint.origin, "log.example.com - 42");
    assert.equal(checkpoint.treeSize, 3n);
    assert.deepEqual(Buffer.from(checkpoint.rootHash), log.prove(0).rootHash);
    assert.equal(Buffer.from(checkpoint.signatures[0]!.keyHint).toString("hex"), log.logId.slice(0, 8));
  });

  test("may have further lines and further signatures", () => {
    const more = good.replace("\n\n", "\nextension\n\n") + good.slice(good.indexOf("\n\n") + 2);
    assert.equal(parseCheckpoint(more).signatures.length, 2);
  });

  const REFUSED = {
    "no signatures": good.slice(0, good.indexOf("\n\n") + 1),
    "no last newline": good.slice(0, -1),
    "another character for the last newline": `${good.slice(0, -1)}A`,
    "no origin": good.slice(good.indexOf("\n")),
    "no size": good.replace("\n3\n", "\n"),
    "a size with a sign": good.replace("\n3\n", "\n+3\n"),
    "a size with a leading zero": good.replace("\n3\n", "\n03\n"),
    "no root": good.replace(/\n3\n.*\n\n/, "\n3\n\n"),
    "a root of another length": good.replace(/\n3\n.*\n\n/, "\n3\nAAAA\n\n"),
    "a hyphen for the dash": good.replace("\u2014", "-"),
    "a signature without a hint": good.replace(/ [^ ]*\n$/, " AAAA\n"),
  };
  for (const [what, note] of Object.entries(REFUSED)) {
    test(`is refused with ${what}`, () => assert.throws(() => parseCheckpoint(note), { name: "InputError" }));
  }
});

describe("a trusted root", () => {
  const log = new VirtualLog();
  const change = (edit: (log: Record<string, Record<string, unknown>>) => void): string => {
    const root = JSON.parse(log.trustedRoot()) as { tlogs: Record<string, Record<string, unknown>>[] };
    edit(root.tlogs[0]!);
    return JSON.stringify(root);
  };

  test("gives its logs with their windows", () => {
    const window = { start: "2020-01-01T00:00:00Z", end: "2021-01-01T00:00:00Z" };
    const [parsed] = parseTrustedRoot(log.trustedRoot(window), "root").logs;
    assert.equal(parsed?.id, log.logId);
    assert.equal(parsed?.notBefore, "2020-01-01T00:00:00.000Z");
    assert.equal(parsed?.notAfter, "2021-01-01T00:00:00.000Z");
  });

  test("of the public-good instance holds its two logs", () => {
    const logs = publicGoodRoot().logs;
    assert.deepEqual(
      logs.map(({ id }) => id.slice(0, 8)),
      ["c0d23d6a", "cf119915"],
    );
    assert.ok(logs.every(({ notBefore }) => notBefore !== undefined));
  });

  test("of the public-good instance holds its timestamp authority, with the certificate that signs", () => {
    const [authority, ...more] = publicGoodRoot().timestampAuthorities;
    assert.equal(more.length, 0);
    assert.notEqual(authority?.leaf, undefined);
    assert.deepEqual(authority?.intermediates, []);
    assert.equal(authority?.root.extensions.isAuthority, true);
    assert.notEqual(authority?.notBefore, undefined);
  });

  const tsa = new TestTimestampAuthority();
  const stamped = (authority: object): string => log.trustedRoot(undefined, [authority]);

  const other = new VirtualLog();
  const REFUSED: Readonly<Record<string, readonly [string, RegExp]>> = {
    "a log without a beginning": [log.trustedRoot({}), /start is not a string/],
    "a log without a window": [change((each) => delete each["publicKey"]!["validFor"]), /validFor is not an object/],
    "a log whose id is another key's": [
      change((each) => (each["logId"]!["keyId"] = Buffer.from(other.logId, "hex").toString("base64"))),
      /logId is not the sha256 of its key/,
    ],
    "a log that hashes otherwise": [log.trustedRoot().replace("SHA2_256", "SHA2_512"), /SHA2_512/],
    "a timestamp authority without a beginning": [stamped(tsa.trust(undefined, {})), /start is not a string/],
    "a timestamp authority without a window": [
      stamped({ ...tsa.trust(), validFor: undefined }),
      /validFor is not an object/,
    ],
    "a timestamp authority without a chain": [stamped(tsa.trust([])), /no certificate of an authority/],
    "a timestamp authority without its root": [stamped(tsa.trust([tsa.leaf])), /no certificate of an authority/],
    "a timestamp authority's chain through a certificate of no authority": [
      stamped(tsa.trust([tsa.leaf, tsa.leaf, tsa.root])),
      /no certificate of an authority/,
    ],
    "a timestamp authority's chain of eleven": [
      stamped(tsa.trust(Array.from({ length: 11 }, () => tsa.root))),
      /more than the 10 allowed/,
    ],
    "a timestamp authority's certificate that is none": [
      stamped({ ...tsa.trust(), certChain: { certificates: [{ rawBytes: "MAA=" }] } }),
      /not a certificate that can be used/,
    ],
    "another media type": [log.trustedRoot().replace("trustedroot", "bundle"), /media type/],
    "a key twice": [log.trustedRoot().replace('"tlogs"', '"tlogs":[],"tlogs"'), /./],
    "no JSON": ["root", /./],
  };
  for (const [what, [text, why]] of Object.entries(REFUSED)) {
    test(`is refused with ${what}`, () => {
      assert.throws(() => parseTrustedRoot(text, "root.json"), { name: "InputError", code: "key", message: why });
    });
  }
});

describe("a statement", () => {
  const subject = { digest: { sha256: "00" } };
  const parse = (change: object): unknown =>
    parseStatement(
      Buffer.from(
        JSON.stringify({ _type: "https://in-toto.io/Statement/v1", predicateType: "p", subject: [subject], ...change }),
      ),
      1 << 20,
    );

  test("may have 1024 subjects and 32 digests each", () => {
    assert.ok(parse({ subject: Array.from({ length: 1024 }, () => subject) }));
    assert.throws(() => parse({ subject: Array.from({ length: 1025 }, () => subject) }), { message: /1024 subjects/ });
    const digests = (count: number): object =>
      Object.fromEntries(Array.from({ length: count }, (_, at) => [`a${at}`, "00"]));
    assert.ok(parse({ subject: [{ digest: digests(32) }] }));
    assert.throws(() => parse({ subject: [{ digest: digests(33) }] }), { message: /32 digests/ });
  });

  test("of more bytes than asked for is refused", () => {
    assert.throws(() => parseStatement(Buffer.alloc(11, " "), 10), { name: "InputError" });
  });
});

test("a log entry of a kind that holds no comparable signature is refused", () => {
  for (const [kind, apiVersion] of [
    ["intoto", "0.0.1"],
    ["rekord", "0.0.1"],
    ["hashedrekord", "0.0.9"],
  ]) {
    assert.throws(() => parseLogBody(Buffer.from(JSON.stringify({ kind, apiVersion, spec: {} }))), {
      name: "InputError",
    });
  }
});
