import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { parseCertificate } from "../../../src/crypto/certificate.ts";
import { chainProblem } from "../../../src/schemes/notation/certificate-rules.ts";
import {
  basicConstraints,
  CA_EXTENSIONS,
  CODE_SIGNING,
  extension,
  issue,
  keyUsage,
  purposes,
  TIME_STAMPING,
  TSA_EXTENSIONS,
  type Issued,
} from "../../support/signing/certificates.ts";
import { der, sequence } from "../../support/signing/der.ts";
import { chain, detail, root, verdict } from "../../support/signing/notation-judging.ts";
import {
  ACME,
  chainOf,
  LEAF_EXTENSIONS,
  notationAuthority,
  type ChainOptions,
} from "../../support/signing/notation.ts";

const SIGNATURES = keyUsage(0x80, 7);
/** Basic constraints and key usage as extensions that need not be understood. */
const SOFT_CONSTRAINTS = extension("2.5.29.19", sequence(der(0x01, Buffer.of(0xff))), false);
const softUsage = (byte: number): Buffer => extension("2.5.29.15", der(0x03, Buffer.of(1, byte)), false);
const purpose = (oid: string) => [SIGNATURES, purposes(false, CODE_SIGNING, oid)];

function problemOf(
  issued: readonly Issued[],
  use: "code-signing" | "timestamping" = "code-signing",
): string | undefined {
  return chainProblem(
    issued.map((each) => parseCertificate(each.der)),
    use,
  );
}

const ALLOWED: readonly (readonly [string, ChainOptions])[] = [
  ["as it is", {}],
  ["with a leaf that names no purpose", { leaf: { extensions: [SIGNATURES] } }],
  ["with a leaf for non-repudiation too", { leaf: { extensions: [keyUsage(0xc0, 6)] } }],
  [
    "with a leaf that says it is of no authority",
    { leaf: { extensions: [extension("2.5.29.19", sequence()), ...LEAF_EXTENSIONS] } },
  ],
  [
    "with critical extensions that nobody knows",
    { leaf: { extensions: [...LEAF_EXTENSIONS, extension("1.2.3.4", sequence())] } },
  ],
  ["with an issuer whose end is after its own issuer's", { intermediate: { notAfter: "2045-01-01T00:00:00Z" } }],
];

const REFUSED: readonly (readonly [string, ChainOptions, RegExp])[] = [
  [
    "whose leaf is of an authority",
    { leaf: { extensions: [basicConstraints(), SIGNATURES] } },
    /must not sign by itself/,
  ],
  ["whose leaf has no key usage", { leaf: { extensions: [purposes(false, CODE_SIGNING)] } }, /has no key usage/],
  ["whose leaf's key usage is not critical", { leaf: { extensions: [softUsage(0x80)] } }, /not critical/],
  ["whose leaf may not sign", { leaf: { extensions: [keyUsage(0x40, 6)] } }, /may not sign/],
  ["whose leaf may encipher keys", { leaf: { extensions: [keyUsage(0xa0, 5)] } }, /keyEncipherment/],
  ["whose leaf may encipher data", { leaf: { extensions: [keyUsage(0x90, 4)] } }, /dataEncipherment/],
  ["whose leaf may agree on keys", { leaf: { extensions: [keyUsage(0x88, 3)] } }, /keyAgreement/],
  ["whose leaf may sign certificates", { leaf: { extensions: [keyUsage(0x84, 2)] } }, /keyCertSign/],
  ["whose leaf may sign revocation lists", { leaf: { extensions: [keyUsage(0x82, 1)] } }, /cRLSign/],
  ["whose leaf may only encipher", { leaf: { extensions: [keyUsage(0x81, 0)] } }, /encipherOnly/],
  ["whose leaf is for any purpose", { leaf: { extensions: purpose("2.5.29.37.0") } }, /any purpose/],
  ["whose leaf is for servers", { leaf: { extensions: purpose("1.3.6.1.5.5.7.3.1") } }, /servers/],
  ["whose leaf is for clients", { leaf: { extensions: purpose("1.3.6.1.5.5.7.3.2") } }, /clients/],
  ["whose leaf is for mail", { leaf: { extensions: purpose("1.3.6.1.5.5.7.3.4") } }, /mail/],
  ["whose leaf is for timestamps", { leaf: { extensions: purpose(TIME_STAMPING) } }, /timestamps/],
  ["whose leaf is for OCSP", { leaf: { extensions: purpose("1.3.6.1.5.5.7.3.9") } }, /OCSP/],
  ["whose issuer is of no authority", { intermediate: { extensions: [keyUsage(0x06, 1)] } }, /of no authority/],
  [
    "whose issuer is one only by the way",
    { intermediate: { extensions: [SOFT_CONSTRAINTS, keyUsage(0x06, 1)] } },
    /of no authority/,
  ],
  ["whose issuer has no key usage", { intermediate: { extensions: [basicConstraints()] } }, /no key usage/],
  [
    "whose issuer's key usage is not critical",
    { intermediate: { extensions: [basicConstraints(), softUsage(0x06)] } },
    /not critical/,
  ],
  [
    "whose issuer may not sign certificates",
    { intermediate: { extensions: [basicConstraints(), keyUsage(0x02, 1)] } },
    /may not sign certificates/,
  ],
  [
    "whose root allows no authority below it",
    { root: { extensions: [basicConstraints(0), keyUsage(0x06, 1)] } },
    /allows 0 authorities below it, not 1/,
  ],
  ["whose leaf is signed with SHA-1", { leaf: { sha1: true } }, /not issued by the next one.*SHA-1/],
  ["whose issuer is signed with SHA-1", { intermediate: { sha1: true } }, /not issued by the next one/],
  ["whose root is signed with SHA-1", { root: { sha1: true } }, /is the last and no root/],
];

describe("a chain for signing code is allowed", () => {
  for (const [name, options] of ALLOWED) test(name, () => assert.equal(problemOf(chainOf(options)), undefined));
});

describe("a chain for signing code is refused", () => {
  for (const [name, options, expected] of REFUSED) {
    test(name, () => assert.match(problemOf(chainOf(options)) ?? "none", expected));
  }

  const [leaf, intermediate] = chain;
  const alone = (extensions: readonly Buffer[]): Issued => issue({ name: "", subject: ACME, extensions });
  const ORDER: readonly (readonly [string, readonly Issued[], RegExp])[] = [
    ["that is empty", [], /no certificate/],
    ["that does not reach its root", [leaf, intermediate], /no root/],
    ["of the leaf alone", [leaf], /no root/],
    ["in another order", [leaf, root, intermediate], /signs itself and is not the last|not issued by the next/],
    ["with a stranger in it", [leaf, chainOf()[1], root], /not issued by the next/],
    ["with a stranger at its end", [...chain, chainOf()[2]], /signs itself and is not the last/],
    ["whose leaf signs itself below another root", [alone(LEAF_EXTENSIONS), root], /signs itself and is not the last/],
    ["of a root alone that is of an authority", [alone(CA_EXTENSIONS)], /must not sign by itself/],
    ["of more certificates than any", Array.from({ length: 13 }, () => root), /more than 12/],
  ];
  for (const [name, certificates, expected] of ORDER) {
    test(name, () => assert.match(problemOf(certificates) ?? "none", expected));
  }

  test("and the signature with it, with the certificate and what is wrong", async () => {
    const unfit = chainOf({ leaf: { extensions: [keyUsage(0x84, 2)] } });
    const of = { sign: { chain: unfit }, trust: notationAuthority({ ca: [unfit[2]] }, { level: "audit" }) };
    assert.equal(await verdict(of), "rejected certificate-unfit at chain");
    assert.match(await detail(of), /"CN=signer,OU=release,O=acme,ST=WA,C=US" has a key for keyCertSign too/);
  });

  test("and a chain of many certificates costs no time", () => {
    const many = Array.from({ length: 1000 }, () => parseCertificate(leaf.der));
    const before = performance.now();
    assert.match(chainProblem(many, "code-signing") ?? "none", /more than 12/);
    assert.ok(performance.now() - before < 100);
  });
});

describe("a chain of a timestamp authority", () => {
  const of = (extensions: readonly Buffer[]) => chainOf({ leaf: { extensions } });
  test("is allowed as it is, and with a key usage that is not critical", () => {
    assert.equal(problemOf(of(TSA_EXTENSIONS), "timestamping"), undefined);
    assert.equal(problemOf(of([softUsage(0x80), purposes(true, TIME_STAMPING)]), "timestamping"), undefined);
  });

  const WRONG: readonly (readonly [string, readonly Buffer[], RegExp])[] = [
    ["for nothing in particular", [SIGNATURES], /timestamps alone/],
    ["for code", LEAF_EXTENSIONS, /timestamps alone/],
    ["for timestamps and code", [SIGNATURES, purposes(true, TIME_STAMPING, CODE_SIGNING)], /timestamps alone/],
    ["for timestamps by the way", [SIGNATURES, purposes(false, TIME_STAMPING)], /timestamps alone/],
    ["without a key usage", [purposes(true, TIME_STAMPING)], /no key usage/],
    ["of a key for certificates too", [keyUsage(0x84, 2), purposes(true, TIME_STAMPING)], /keyCertSign/],
  ];
  for (const [name, extensions, expected] of WRONG) {
    test(`is refused with a leaf ${name}`, () =>
      assert.match(problemOf(of(extensions), "timestamping") ?? "none", expected));
  }
});
