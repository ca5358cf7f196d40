import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { hash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";

import * as fc from "fast-check";

import { childrenOf, readDer, TAG } from "../../../src/crypto/der.ts";
import { checkTimestamp, type TimestampAuthority } from "../../../src/crypto/timestamp.ts";
import { parseTrustedRoot } from "../../../src/crypto/trusted-root.ts";
import {
  basicConstraints,
  CA_EXTENSIONS,
  CODE_SIGNING,
  issue,
  keyUsage,
  purposes,
  TIME_STAMPING,
  TSA_EXTENSIONS,
  type Issued,
} from "../../support/signing/certificates.ts";
import { der, integer, octets, oid, sequence } from "../../support/signing/der.ts";
import {
  attribute,
  sha256,
  signingCertificate,
  TestTimestampAuthority,
  type TokenOptions,
} from "../../support/signing/timestamp-authority.ts";
import { VirtualLog } from "../../support/signing/virtual-log.ts";

const MESSAGE = Buffer.from("the bytes of a signature");
const log = new VirtualLog();
const tsa = new TestTimestampAuthority();

/** The authorities of a trusted root that says so in its text. */
function trusted(...authorities: readonly object[]): readonly TimestampAuthority[] {
  const root = JSON.parse(log.trustedRoot()) as object;
  return parseTrustedRoot(JSON.stringify({ ...root, timestampAuthorities: authorities }), "root").timestampAuthorities;
}

const WHOLE = trusted(tsa.trust());
const ROOT_ONLY = trusted(tsa.trust([tsa.root]));

function outcome(token: Uint8Array, authorities = WHOLE): string {
  const check = checkTimestamp(token, [MESSAGE], authorities);
  return check.kind === "proved" ? `proved ${check.at}` : `${check.kind}: ${check.detail}`;
}

/** A sequence with more at its end. */
function withTail(whole: Buffer, ...tails: readonly Buffer[]): Buffer {
  return sequence(...childrenOf(readDer(whole), TAG.sequence).map(({ bytes }) => bytes), ...tails);
}

const PROVED = "proved 2024-05-01T12:00:00.000Z";

describe("a timestamp", () => {
  test("proves its time, with its signer in the bag or in the trust root", () => {
    assert.equal(outcome(tsa.stamp(MESSAGE)), PROVED);
    assert.equal(outcome(tsa.stamp(MESSAGE, { bag: [] })), PROVED);
    assert.equal(outcome(tsa.stamp(MESSAGE), ROOT_ONLY), PROVED);
  });

  test("proves its time by a chain that comes with it", () => {
    const middle = issue({ name: "middle", issuer: tsa.root, extensions: CA_EXTENSIONS });
    const leaf = issue({ name: "below", issuer: middle, extensions: TSA_EXTENSIONS });
    const token = tsa.stamp(MESSAGE, { signer: leaf, bag: [middle.der, leaf.der] });
    assert.equal(outcome(token, ROOT_ONLY), PROVED);
    assert.match(outcome(tsa.stamp(MESSAGE, { signer: leaf }), ROOT_ONLY), /^unknown/);
  });

  test("may carry an accuracy, an ordering and a nonce", () => {
    const more = [sequence(integer(1), der(0x80, Buffer.of(9))), der(0x01, Buffer.of(0xff)), integer(77)];
    assert.equal(outcome(tsa.stamp(MESSAGE, { more })), PROVED);
    assert.equal(outcome(tsa.stamp(MESSAGE, { more: [sequence(integer(60))] })), PROVED);
    assert.match(outcome(tsa.stamp(MESSAGE, { more: [sequence(integer(61))] })), /^invalid: .* wrong by 61000 ms/);
  });

  test("may carry each part once, in its order", () => {
    const [accuracy, nonce] = [sequence(integer(1)), integer(77)];
    for (const more of [[nonce, nonce], [accuracy, accuracy], [nonce, accuracy], [octets(MESSAGE)]]) {
      assert.match(outcome(tsa.stamp(MESSAGE, { more })), /^invalid: .*unknown parts/);
    }
  });

  test("may carry extensions that are not critical, whether they say so or not", () => {
    const value = octets(Buffer.of(1));
    for (const each of [sequence(oid("1.2.3"), value), sequence(oid("1.2.3"), der(0x01, Buffer.of(0)), value)]) {
      assert.equal(outcome(tsa.stamp(MESSAGE, { more: [der(0xa1, each)] })), PROVED);
    }
  });

  test("may carry attributes that its signer did not sign, and nothing else behind the signature", () => {
    const withTails = (...tails: readonly Buffer[]): string =>
      outcome(tsa.stamp(MESSAGE, { signers: (proper) => [withTail(proper, ...tails)] }));
    const unsigned = der(0xa1, attribute("1.2.3", integer(1)));
    assert.equal(withTails(unsigned), PROVED);
    for (const tails of [[integer(1)], [unsigned, unsigned], [unsigned, integer(1)]]) {
      assert.match(withTails(...tails), /^invalid: .*a signer of another form/);
    }
  });

  test("is over one of several messages", () => {
    const other = Buffer.from("another message");
    for (const messages of [
      [MESSAGE, other],
      [other, MESSAGE],
    ])
      assert.equal(checkTimestamp(tsa.stamp(MESSAGE), messages, WHOLE).kind, "proved");
    assert.equal(checkTimestamp(tsa.stamp(MESSAGE), [other], WHOLE).kind, "invalid");
    assert.equal(checkTimestamp(tsa.stamp(MESSAGE), [], WHOLE).kind, "invalid");
  });

  test("may bring ten certificates beside its signer's, and not eleven", () => {
    const strangers = Array.from({ length: 11 }, (_, at) => issue({ name: `stranger ${at}`, extensions: [] }).der);
    const bag = (count: number): readonly Buffer[] => [...strangers.slice(0, count), tsa.leaf.der];
    assert.equal(outcome(tsa.stamp(MESSAGE, { bag: bag(10) }), ROOT_ONLY), PROVED);
    assert.match(outcome(tsa.stamp(MESSAGE, { bag: bag(11) }), ROOT_ONLY), /^invalid: .*more than 11 certificates/);
  });

  test("names its signer by its key's id as well", () => {
    const keyId = sha256(Buffer.from("key")).subarray(0, 20);
    const withId = new TestTimestampAuthority((root) =>
      issue({
        name: "id",
        issuer: root,
        extensions: [...TSA_EXTENSIONS, sequence(oid("2.5.29.14"), octets(octets(keyId)))],
      }),
    );
    const token = withId.stamp(MESSAGE, { sid: der(0x80, keyId) });
    assert.equal(outcome(token, trusted(withId.trust())), PROVED);
    const other = withId.stamp(MESSAGE, { sid: der(0x80, Buffer.alloc(20)) });
    assert.match(outcome(other, trusted(withId.trust())), /^unknown/);
  });

  test("counts at the very ends of the time its authority is trusted for", () => {
    const until = (start: string, end: string): readonly TimestampAuthority[] =>
      trusted(tsa.trust(undefined, { start, end }));
    assert.equal(outcome(tsa.stamp(MESSAGE), until("2024-05-01T12:00:00Z", "2024-05-01T12:00:00Z")), PROVED);
    assert.match(
      outcome(tsa.stamp(MESSAGE), until("2024-05-01T12:00:01Z", "2025-01-01T00:00:00Z")),
      /^invalid: its time/,
    );
    assert.match(
      outcome(tsa.stamp(MESSAGE), until("2020-01-01T00:00:00Z", "2024-05-01T11:59:59Z")),
      /^invalid: its time/,
    );
  });
});

const SHA1 = sequence(oid("1.3.14.3.2.26"));
const SHA512 = sequence(oid("2.16.840.1.101.3.4.2.3"));
const [V1, V2] = ["1.2.840.113549.1.9.16.2.12", "1.2.840.113549.1.9.16.2.47"] as const;
const sha1 = (bytes: Uint8Array): Buffer => hash("sha1", bytes, "buffer");
const sha512 = (bytes: Uint8Array): Buffer => hash("sha512", bytes, "buffer");

/** A version of the signing-certificate attribute that names one certificate. */
function named(version: string, certificate: Buffer): Buffer {
  return attribute(version, sequence(sequence(certificate)));
}

/** IssuerSerial. */
function serialOf({ issuer, serial }: Issued, other = serial): Buffer {
  return sequence(sequence(der(0xa4, issuer)), integer(other));
}

const BROKEN: Readonly<Record<string, readonly [TokenOptions, RegExp]>> = {
  "a wrong imprint": [
    { imprint: sequence(sequence(oid("2.16.840.1.101.3.4.2.1")), octets(sha256(Buffer.from("other")))) },
    /over something else/,
  ],
  "an imprint of SHA-1": [{ imprint: sequence(SHA1, octets(Buffer.alloc(20))) }, /imprint's hash algorithm/],
  "a digest of SHA-1": [{ digestAlgorithm: SHA1 }, /digest algorithm is not allowed/],
  "an altered TSTInfo": [
    { content: (proper) => Buffer.from(proper.toString("latin1").replace("20240501", "20240502"), "latin1") },
    /signed digest is not that of its content/,
  ],
  "altered signed attributes": [
    { alteredAttributes: (proper) => [...proper, attribute("1.2.3", integer(1))] },
    /signature is not that of its signer/,
  ],
  "no signing certificate": [{ attributes: (proper) => proper.slice(0, 2) }, /does not name its signer/],
  "another's signing certificate": [
    { attributes: (proper) => [...proper.slice(0, 2), signingCertificate(tsa.root)] },
    /does not name its signer/,
  ],
  "a signing certificate of another issuer": [
    {
      attributes: (proper) => [...proper.slice(0, 2), signingCertificate(tsa.leaf, tsa.leaf.subject, tsa.leaf.serial)],
    },
    /does not name its signer/,
  ],
  "a signing certificate of another serial number": [
    { attributes: (proper) => [...proper.slice(0, 2), signingCertificate(tsa.leaf, tsa.leaf.issuer, 99_999)] },
    /does not name its signer/,
  ],
  "a signing certificate by a hash of SHA-1 in the second version": [
    { attributes: (proper) => [...proper.slice(0, 2), named(V2, sequence(SHA1, octets(sha1(tsa.leaf.der))))] },
    /does not name its signer/,
  ],
  "a signing certificate of another hash than the algorithm it names": [
    { attributes: (proper) => [...proper.slice(0, 2), named(V2, sequence(SHA512, octets(sha256(tsa.leaf.der))))] },
    /does not name its signer/,
  ],
  "more behind its signing certificate": [
    {
      attributes: (proper) => [
        ...proper.slice(0, 2),
        named(V2, sequence(octets(sha256(tsa.leaf.der)), serialOf(tsa.leaf), integer(1))),
      ],
    },
    /does not name its signer/,
  ],
  "another's signing certificate by SHA-1": [
    { attributes: (proper) => [...proper.slice(0, 2), named(V1, sequence(octets(sha1(tsa.root.der))))] },
    /does not name its signer/,
  ],
  "a signing certificate by SHA-1 of another serial number": [
    {
      attributes: (proper) => [
        ...proper.slice(0, 2),
        named(V1, sequence(octets(sha1(tsa.leaf.der)), serialOf(tsa.leaf, 99_999))),
      ],
    },
    /does not name its signer/,
  ],
  "more behind its signing certificate by SHA-1": [
    {
      attributes: (proper) => [
        ...proper.slice(0, 2),
        named(V1, sequence(octets(sha1(tsa.leaf.der)), serialOf(tsa.leaf), integer(1))),
      ],
    },
    /does not name its signer/,
  ],
  "two versions of the signing certificate, of which the first is another's": [
    { attributes: (proper) => [...proper, named(V1, sequence(octets(sha1(tsa.root.der))))] },
    /does not name its signer/,
  ],
  "no message digest": [{ attributes: ([type, , named]) => [type!, named!] }, /DER is broken/],
  "an attribute twice": [{ attributes: (proper) => [...proper, proper[0]!] }, /twice/],
  "the content type of data": [
    { attributes: ([, ...rest]) => [attribute("1.2.840.113549.1.9.3", oid("1.2.840.113549.1.7.1")), ...rest] },
    /signed content type/,
  ],
  "content that is data": [{ contentType: "1.2.840.113549.1.7.1" }, /not a timestamp/],
  "two signers": [{ signers: (proper) => [proper, proper] }, /2 elements where one belongs/],
  "no signer": [{ signers: () => [] }, /0 elements/],
  "a status of refusal": [{ status: 2 }, /not granted \(status 2\)/],
  "a time beyond its certificates": [{ at: "2041-01-01T00:00:00Z" }, /is valid until 2040/],
  "a critical extension": [
    { more: [der(0xa1, sequence(oid("1.2.3"), der(0x01, Buffer.of(0xff)), octets(Buffer.alloc(1))))] },
    /critical extension/,
  ],
  "its size": [{ bag: [Buffer.alloc(70_000)] }, /larger than 65536 bytes/],
};

test("a timestamp names its signer by either version of the attribute, or by both", () => {
  const { leaf } = tsa;
  const [first, second] = [
    named(V1, sequence(octets(sha1(leaf.der)), serialOf(leaf))),
    named(V2, sequence(SHA512, octets(sha512(leaf.der)), serialOf(leaf))),
  ];
  for (const names of [[first], [named(V1, sequence(octets(sha1(leaf.der))))], [second], [first, second]]) {
    assert.equal(outcome(tsa.stamp(MESSAGE, { attributes: (proper) => [...proper.slice(0, 2), ...names] })), PROVED);
  }
});

describe("a timestamp of a known authority is invalid by", () => {
  for (const [what, [options, why]] of Object.entries(BROKEN)) {
    test(what, () => assert.match(outcome(tsa.stamp(MESSAGE, options)), new RegExp(`^invalid: .*${why.source}`)));
  }

  const LEAVES: Readonly<Record<string, readonly [readonly Buffer[], RegExp]>> = {
    "a signer for code": [[keyUsage(0x80, 7), purposes(true, CODE_SIGNING)], /not for timestamps alone/],
    "a signer for code, too": [[purposes(true, TIME_STAMPING, CODE_SIGNING)], /not for timestamps alone/],
    "a signer whose purpose is not critical": [[purposes(false, TIME_STAMPING)], /not for timestamps alone/],
    "a signer without a purpose": [[keyUsage(0x80, 7)], /not for timestamps alone/],
    "a signer that may not sign": [[keyUsage(0x20, 5), purposes(true, TIME_STAMPING)], /may not sign/],
    "a signer that is an authority for certificates": [
      [basicConstraints(), keyUsage(0x86, 1), purposes(true, TIME_STAMPING)],
      /one of an authority for certificates/,
    ],
    "a signer with an unknown critical extension": [
      [...TSA_EXTENSIONS, sequence(oid("1.2.3"), der(0x01, Buffer.of(0xff)), octets(integer(1)))],
      /demands the extension 1\.2\.3/,
    ],
  };
  for (const [what, [extensions, why]] of Object.entries(LEAVES)) {
    test(what, () => {
      const leaf = issue({ name: "odd", issuer: tsa.root, extensions });
      const token = tsa.stamp(MESSAGE, { signer: leaf });
      for (const roots of [trusted(tsa.trust([leaf, tsa.root])), ROOT_ONLY]) {
        assert.match(outcome(token, roots), new RegExp(`^invalid: .*${why.source}`));
      }
    });
  }

  test("a signer or an issuer that had expired by its time", () => {
    const dates = { notBefore: "2021-01-01T00:00:00Z", notAfter: "2024-01-01T00:00:00Z" };
    const leaf = issue({ name: "old", issuer: tsa.root, extensions: TSA_EXTENSIONS, ...dates });
    assert.match(
      outcome(tsa.stamp(MESSAGE, { signer: leaf }), ROOT_ONLY),
      /^invalid: the certificate is valid until 2024/,
    );
    const old = new TestTimestampAuthority(undefined, issue({ name: "old root", extensions: CA_EXTENSIONS, ...dates }));
    const roots = trusted(old.trust());
    assert.match(outcome(old.stamp(MESSAGE), roots), /^invalid: a certificate above it is valid until 2024/);
    assert.match(outcome(old.stamp(MESSAGE, { at: "2023-12-31T00:00:00Z" }), roots), /^proved/);
  });

  test("a bad signature of a signer below one of its intermediates", () => {
    const middle = issue({ name: "middle", issuer: tsa.root, extensions: CA_EXTENSIONS });
    const leaf = issue({ name: "below", issuer: middle, extensions: TSA_EXTENSIONS });
    const roots = trusted(tsa.trust([middle, tsa.root]));
    assert.equal(outcome(tsa.stamp(MESSAGE, { signer: leaf }), roots), PROVED);
    const alteredAttributes = (proper: readonly Buffer[]): readonly Buffer[] => [
      ...proper,
      attribute("1.2.3", octets(MESSAGE)),
    ];
    const altered = tsa.stamp(MESSAGE, { signer: leaf, alteredAttributes });
    assert.match(outcome(altered, roots), /^invalid: its signature is not that of its signer/);
  });

  test("a signer beside the one that the trust root names", () => {
    const sibling = issue({ name: "sibling", issuer: tsa.root, extensions: TSA_EXTENSIONS });
    const token = tsa.stamp(MESSAGE, { signer: sibling });
    assert.match(outcome(token), /^invalid: its signer is not the certificate that the trust root names/);
    assert.equal(outcome(token, ROOT_ONLY), PROVED);
  });
});

describe("the bag of a timestamp", () => {
  const forged = issue({ name: "forged", extensions: TSA_EXTENSIONS });
  const forCode = issue({ name: "code", issuer: tsa.root, extensions: [purposes(true, CODE_SIGNING)] });

  test("lends no purpose to a signer by a certificate put before it", () => {
    for (const other of [forged, tsa.leaf]) {
      const token = tsa.stamp(MESSAGE, { signer: forCode, bag: [other.der, forCode.der] });
      assert.match(outcome(token, ROOT_ONLY), /^invalid: its signer's certificate is not for timestamps alone/);
    }
  });

  test("may hold strangers in any place", () => {
    for (const bag of [
      [forged.der, tsa.leaf.der],
      [tsa.leaf.der, forged.der],
      [sequence(), tsa.leaf.der],
    ]) {
      assert.equal(outcome(tsa.stamp(MESSAGE, { bag }), ROOT_ONLY), PROVED);
    }
  });

  test("may not hold a second certificate of the signer's name", () => {
    const fake = issue({ name: "stamp root", extensions: CA_EXTENSIONS });
    const { serial } = tsa.leaf;
    const second = issue({ name: "stamp", issuer: fake, serial, extensions: TSA_EXTENSIONS });
    const token = tsa.stamp(MESSAGE, { bag: [second.der, tsa.leaf.der] });
    assert.match(outcome(token, ROOT_ONLY), /^invalid: two certificates/);
    assert.equal(outcome(token, WHOLE), PROVED);
  });
});

test("a timestamp of an unknown authority says nothing, with or without its certificates", () => {
  const stranger = new TestTimestampAuthority(undefined, issue({ name: "stamp root", extensions: CA_EXTENSIONS }));
  for (const bag of [undefined, [], [stranger.leaf.der, stranger.root.der]]) {
    const token = stranger.stamp(MESSAGE, { ...(bag && { bag }) });
    assert.match(outcome(token), /^unknown/);
    assert.match(outcome(token, ROOT_ONLY), /^unknown/);
  }
  assert.match(outcome(tsa.stamp(MESSAGE), []), /^unknown/);
  assert.match(outcome(tsa.stamp(MESSAGE), [...trusted(stranger.trust()), ...WHOLE]), /^proved/);
});

test("no flipped byte and no cut of a timestamp proves a time or throws", () => {
  for (const [token, authorities] of [
    [tsa.stamp(MESSAGE, { bag: [] }), WHOLE],
    [tsa.stamp(MESSAGE), ROOT_ONLY],
  ] as const) {
    const flips = fc.property(fc.nat(token.length - 1), fc.integer({ min: 1, max: 255 }), (at, mask) => {
      const flipped = Buffer.from(token);
      flipped[at] = (flipped[at] ?? 0) ^ mask;
      return isInDigestList(at, token) || !outcome(flipped, authorities).startsWith("proved");
    });
    fc.assert(flips, { numRuns: 1000 });
    for (let end = 0; end < token.length; end += 7) assert.match(outcome(token.subarray(0, end)), /^invalid/);
  }
  fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => outcome(bytes).startsWith("invalid")));
});

/** No signature covers the list of digest algorithms, a hint for readers in one pass (RFC 5652 section 5.1). */
function isInDigestList(at: number, token: Buffer): boolean {
  const list = token.indexOf(Buffer.from("310d300b", "hex"));
  return at >= list + 2 && at < list + 15;
}

test("the tokens of OpenSSL prove their time, by either version of the signing certificate", () => {
  const folder = mkdtempSync(join(tmpdir(), "assay-stamp-"));
  const path = (name: string): string => join(folder, name);
  try {
    writeFileSync(path("message"), MESSAGE);
    writeFileSync(path("tsa.pem"), tsa.leaf.pem);
    writeFileSync(path("root.pem"), tsa.root.pem);
    writeFileSync(path("tsa.key"), tsa.leaf.key.privateKey.export({ type: "pkcs8", format: "pem" }));
    writeFileSync(path("serial"), "01\n");
    const openssl = (...args: readonly string[]): unknown =>
      execFileSync("openssl", ["ts", ...args], { stdio: "pipe" });
    for (const digest of ["sha1", "sha256"]) {
      const lines = ["[tsa]", "default_tsa = t", "[t]", `serial = ${path("serial")}`, "default_policy = 1.2.3.4"];
      const more = [
        "digests = sha256, sha512",
        "signer_digest = sha256",
        "accuracy = secs:1",
        `ess_cert_id_alg = ${digest}`,
      ];
      writeFileSync(path("config"), [...lines, ...more, "tsa_name = yes", ""].join("\n"));
      openssl("-query", "-data", path("message"), "-sha512", "-cert", "-out", path("query"));
      const signer = ["-signer", path("tsa.pem"), "-inkey", path("tsa.key"), "-config", path("config")];
      openssl("-reply", "-queryfile", path("query"), ...signer, "-out", path("reply"));
      openssl("-verify", "-data", path("message"), "-in", path("reply"), "-CAfile", path("root.pem"));
      const reply = readFileSync(path("reply"));
      assert.match(outcome(reply), /^proved 20/);
      assert.match(outcome(reply, ROOT_ONLY), /^proved 20/);
      assert.equal(checkTimestamp(reply, [Buffer.from("other")], WHOLE).kind, "invalid");
    }
    // The other way round: what the tests build is what OpenSSL takes for a token.
    writeFileSync(path("ours"), tsa.stamp(MESSAGE));
    openssl("-verify", "-data", path("message"), "-in", path("ours"), "-CAfile", path("root.pem"));
  } finally {
    rmSync(folder, { recursive: true });
  }
});
