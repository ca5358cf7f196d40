import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { describe, test } from "node:test";

import * as fc from "fast-check";

import { nameOfCertificate } from "../../../src/crypto/certificate-name.ts";
import { certificatesOfPem } from "../../../src/crypto/certificate-pem.ts";
import { isIssuedBy, parseCertificate, type Certificate } from "../../../src/crypto/certificate.ts";
import { childrenOf, readDer, TAG } from "../../../src/crypto/der.ts";
import { verifyChain, type Issued as Check } from "../../../src/crypto/x509.ts";
import { InputError } from "../../../src/domain/errors.ts";
import { parseInstant } from "../../../src/domain/instant.ts";
import {
  basicConstraints,
  CA_EXTENSIONS,
  CODE_SIGNING,
  ECDSA_SHA256,
  extension,
  issue,
  keyUsage,
  purposes,
  TIME_STAMPING,
  TSA_EXTENSIONS,
  type CertificateOptions,
  type Issued,
} from "../../support/signing/certificates.ts";
import { der, integer, octets, oid, sequence, set } from "../../support/signing/der.ts";

const NOW = "2024-05-01T12:00:00Z";
const root = issue({ name: "root", extensions: CA_EXTENSIONS });

function read(...issued: readonly Issued[]): readonly Certificate[] {
  return issued.map((each) => parseCertificate(each.der));
}

function outcome(leaf: Issued, middle: readonly Issued[], roots: readonly Issued[] = [root], at = NOW): string {
  const material = { intermediates: read(...middle), roots: read(...roots) };
  const check = verifyChain(parseCertificate(leaf.der), material, parseInstant(at), TIME_STAMPING);
  return check.kind === "trusted" ? `trusted ${check.path.length}` : check.detail;
}

const authority = (issuer: Issued, change: Partial<CertificateOptions> = {}): Issued =>
  issue({ name: "middle", issuer, extensions: CA_EXTENSIONS, ...change });
const below = (issuer: Issued, change: Partial<CertificateOptions> = {}): Issued =>
  issue({ name: "leaf", issuer, extensions: TSA_EXTENSIONS, ...change });

describe("a chain", () => {
  const middle = authority(root);
  const leaf = below(middle);

  test("leads from the leaf by intermediates in any order to a root", () => {
    assert.equal(outcome(below(root), []), "trusted 2");
    const lower = authority(middle, { name: "lower" });
    assert.equal(outcome(below(lower), [middle, lower]), "trusted 4");
    assert.equal(outcome(below(lower), [lower, middle]), "trusted 4");
    assert.equal(outcome(leaf, []), "no chain leads to a trusted root");
    assert.equal(
      outcome(leaf, [middle], [issue({ name: "root", extensions: CA_EXTENSIONS })]),
      "no chain leads to a trusted root",
    );
  });

  test("does not end at a root that only came along", () => {
    const own = issue({ name: "own", extensions: CA_EXTENSIONS });
    assert.equal(outcome(below(own), [own]), "no chain leads to a trusted root");
  });

  test("holds only while every one of its certificates is valid, both ends included", () => {
    const dates = { notBefore: "2024-01-01T00:00:00Z", notAfter: "2024-03-01T00:00:00Z" };
    const shortRoot = issue({ name: "short root", extensions: CA_EXTENSIONS, ...dates });
    const short = authority(root, { name: "short", ...dates });
    const chains: readonly (readonly [Issued, readonly Issued[], readonly Issued[]])[] = [
      [below(root, dates), [], [root]],
      [below(short), [short], [root]],
      [below(shortRoot), [], [shortRoot]],
    ];
    for (const [each, middles, roots] of chains) {
      for (const at of [dates.notBefore, dates.notAfter]) assert.match(outcome(each, middles, roots, at), /^trusted/);
      assert.match(outcome(each, middles, roots, "2023-12-31T23:59:59Z"), /is valid from 2024-01-01/);
      assert.match(outcome(each, middles, roots, "2024-03-01T00:00:01Z"), /is valid until 2024-03-01/);
    }
  });

  const ISSUERS: Readonly<Record<string, readonly [readonly Buffer[], RegExp]>> = {
    "of no authority": [[keyUsage(0x06, 1)], /of no authority/],
    "that may not sign certificates": [[basicConstraints(), keyUsage(0x80, 7)], /may not sign certificates/],
    "for other purposes": [[...CA_EXTENSIONS, purposes(false, CODE_SIGNING)], /for other purposes/],
    "with name constraints": [[...CA_EXTENSIONS, extension("2.5.29.30", sequence(), false)], /extension 2\.5\.29\.30/],
    "with an unknown critical extension": [[...CA_EXTENSIONS, extension("1.2.3", integer(1))], /extension 1\.2\.3/],
  };
  for (const [what, [extensions, why]] of Object.entries(ISSUERS)) {
    test(`does not lead by an issuer ${what}`, () => {
      const odd = authority(root, { extensions });
      assert.match(outcome(below(odd), [odd]), why);
      const oddRoot = issue({ name: "odd root", extensions });
      assert.match(outcome(below(oddRoot), [], [oddRoot]), why);
    });
  }

  test("may lead by an issuer with an unknown extension that is not critical", () => {
    const odd = authority(root, { extensions: [...CA_EXTENSIONS, extension("1.2.3", integer(1), false)] });
    assert.equal(outcome(below(odd), [odd]), "trusted 3");
  });

  test("may lead by an issuer for its purpose among others, or for any purpose", () => {
    for (const named of [[TIME_STAMPING], [CODE_SIGNING, TIME_STAMPING], ["2.5.29.37.0"]]) {
      const limited = authority(root, { extensions: [...CA_EXTENSIONS, purposes(false, ...named)] });
      assert.equal(outcome(below(limited), [limited]), "trusted 3", named.join(" "));
    }
  });

  test("is no longer than a path length allows", () => {
    const limited = issue({ name: "limited", extensions: [basicConstraints(0), keyUsage(0x06, 1)] });
    assert.equal(outcome(below(limited), [], [limited]), "trusted 2");
    const one = authority(limited);
    assert.match(outcome(below(one), [one], [limited]), /allows 0 authorities below it, not 1/);
  });

  test("is not made of a forged certificate with its issuer's name", () => {
    const forged = below(issue({ name: "middle", extensions: CA_EXTENSIONS }));
    assert.equal(outcome(forged, [middle]), "no chain leads to a trusted root");
  });

  test("is not made with SHA-1, however good the signature", () => {
    const old = below(root, { sha1: true });
    assert.ok(new X509Certificate(old.der).verify(root.key.public.key));
    assert.equal(outcome(old, []), "no chain leads to a trusted root");
  });

  test("is sought among no more than ten intermediates", () => {
    const { key } = middle;
    const pile = (count: number): readonly Issued[] =>
      Array.from({ length: count }, () => issue({ name: "middle", key, extensions: CA_EXTENSIONS }));
    const ten = pile(10);
    assert.equal(outcome(leaf, ten), "no chain leads to a trusted root");
    assert.match(outcome(leaf, pile(11)), /more than 10 intermediate certificates/);
    assert.equal(outcome(leaf, [...ten.slice(1), middle]), "trusted 3");
  });

  test("is given up after 32 signatures, however many certificates of one name bear one another", () => {
    const tower = Array.from({ length: 9 }).reduce<readonly Issued[]>(
      ([top = middle, ...more]) => [authority(top), top, ...more],
      [issue({ name: "middle", extensions: CA_EXTENSIONS })],
    );
    const [lowest = middle] = tower;
    let checks = 0;
    const issued: Check = (certificate, issuer) => {
      checks += 1;
      return isIssuedBy(certificate, issuer);
    };
    const material = { intermediates: read(...tower.toReversed()), roots: read(root), issued };
    const found = verifyChain(parseCertificate(below(lowest).der), material, parseInstant(NOW), TIME_STAMPING);
    assert.deepEqual(found, { kind: "untrusted", detail: "too many certificates could have issued it" });
    assert.equal(checks, 32);
  });
});

describe("a certificate", () => {
  test("reads as OpenSSL reads it", () => {
    const leaf = below(root, { serial: 0x1234 });
    const [ours, theirs] = [parseCertificate(leaf.der), new X509Certificate(leaf.der)];
    assert.equal(ours.serial, theirs.serialNumber.toLowerCase());
    assert.equal(Date.parse(ours.notBefore), Date.parse(theirs.validFrom));
    assert.equal(Date.parse(ours.notAfter), Date.parse(theirs.validTo));
    assert.deepEqual(Buffer.from(ours.key.der), theirs.publicKey.export({ type: "spki", format: "der" }));
    assert.ok(theirs.verify(root.key.public.key));
  });

  test("with an extension twice is refused", () => {
    const twice = below(root, { extensions: [...TSA_EXTENSIONS, purposes(false, CODE_SIGNING)] });
    assert.throws(() => parseCertificate(twice.der), { name: "InputError", message: /2\.5\.29\.37 twice/ });
  });

  test("with an extension of more than a name, a mark and a value is refused", () => {
    const odd = sequence(oid("1.2.3"), der(0x01, Buffer.of(0xff)), integer(1), octets(integer(1)));
    for (const each of [odd, sequence(oid("1.2.3"))]) {
      const { der: bytes } = below(root, { extensions: [...TSA_EXTENSIONS, each] });
      assert.throws(() => parseCertificate(bytes), { name: "InputError" });
    }
  });

  test("with empty basic constraints is one of no authority", () => {
    const plain = below(root, { extensions: [extension("2.5.29.19", sequence()), ...TSA_EXTENSIONS] });
    assert.equal(parseCertificate(plain.der).extensions.isAuthority, false);
    assert.equal(outcome(plain, []), "trusted 2");
  });

  test("with a key usage of more bits than there are, or of an impossible number unused, is refused", () => {
    const usage = (...content: readonly number[]): unknown =>
      parseCertificate(below(root, { extensions: [extension("2.5.29.15", der(0x03, Buffer.from(content)))] }).der)
        .extensions.keyUsage?.allowed;
    assert.deepEqual(usage(7, 0x80), ["digitalSignature"]);
    assert.deepEqual(usage(7, 0x01, 0x80), ["encipherOnly", "decipherOnly"]);
    for (const content of [[8, 0x80], [255, 0x80], [0, 0x80, 0, 0], []]) {
      assert.throws(() => usage(...content), { name: "InputError", message: /key usage of another form/ });
    }
  });

  test("of version 1 or 2 is refused", () => {
    const { der: bytes } = below(root);
    const version = Buffer.from("a003020102", "hex");
    for (const other of ["a003020101", "a103020102", "a003020103"]) {
      const changed = Buffer.from(bytes);
      changed.set(Buffer.from(other, "hex"), changed.indexOf(version));
      assert.throws(() => parseCertificate(changed), { name: "InputError", message: /not of version 3/ }, other);
    }
  });

  test("with more than its three parts, or fewer, is refused", () => {
    const parts = childrenOf(readDer(below(root).der), TAG.sequence).map(({ bytes }) => bytes);
    assert.ok(parseCertificate(sequence(...parts)));
    for (const others of [[...parts, integer(1)], parts.slice(0, 2), parts.slice(0, 1), []]) {
      assert.throws(() => parseCertificate(sequence(...others)), { name: "InputError" });
    }
  });

  test("is read of its name as text, and refused for an attribute of more than a type and a value", () => {
    const nameWith = (...parts: readonly Buffer[]): string =>
      parseCertificate(issue({ name: "x", subject: sequence(set(sequence(...parts))), extensions: [] }).der).subject;
    const [type, value] = [oid("2.5.4.3"), der(0x0c, Buffer.from("acme"))];
    assert.deepEqual(nameOfCertificate(nameWith(type, value)), [[{ type: "CN", value: "acme" }]]);
    for (const parts of [[type], [type, value, value]]) {
      assert.throws(() => nameOfCertificate(nameWith(...parts)), { name: "InputError" });
    }
  });

  test("is read from a text of PEM blocks of its kind alone", () => {
    const names = (pem: string): readonly string[] => certificatesOfPem(pem, "ca.pem").map(({ subject }) => subject);
    const [one, two] = [below(root), root];
    assert.deepEqual(
      names(`comment\n${one.pem}${two.pem}`),
      [one.subject, two.subject].map((each) => each.toString("hex")),
    );
    for (const other of ["", "comment", one.key.pem, one.pem + one.key.pem, one.pem.slice(0, -10)]) {
      assert.throws(() => names(other), { name: "InputError", message: /PEM blocks/ });
    }
  });

  test("that names one algorithm inside and another outside its signed part is refused", () => {
    const { der } = below(root);
    const changed = Buffer.from(der);
    changed[der.lastIndexOf(ECDSA_SHA256) + ECDSA_SHA256.length - 1] = 0x03;
    assert.throws(() => parseCertificate(changed), { name: "InputError", message: /two algorithms/ });
  });

  test("with any flipped byte is not issued by its issuer", () => {
    const { der } = below(root);
    const property = fc.property(fc.nat(der.length - 1), fc.integer({ min: 1, max: 255 }), (at, mask) => {
      const flipped = Buffer.from(der);
      flipped[at] = (flipped[at] ?? 0) ^ mask;
      return !isTrusted(flipped);
    });
    assert.ok(isTrusted(der));
    fc.assert(property, { numRuns: 1000 });
  });
});

function isTrusted(der: Uint8Array): boolean {
  try {
    const material = { intermediates: [], roots: read(root) };
    return verifyChain(parseCertificate(der), material, parseInstant(NOW), TIME_STAMPING).kind === "trusted";
  } catch (error) {
    if (error instanceof InputError) return false;
    throw error;
  }
}
