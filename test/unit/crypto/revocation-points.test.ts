import assert from "node:assert/strict";
import { test } from "node:test";

import { parseCertificate } from "../../../src/crypto/certificate.ts";
import { revocationPointsOf, type RevocationPoints } from "../../../src/crypto/revocation-points.ts";
import { InputError } from "../../../src/domain/errors.ts";
import { extension, issue } from "../../support/signing/certificates.ts";
import { der, octets, oid, sequence } from "../../support/signing/der.ts";
import { changesAt, listsAt, ocspAt, pointOf } from "../../support/signing/revocation.ts";

function points(...extensions: readonly Buffer[]): RevocationPoints {
  return revocationPointsOf(parseCertificate(issue({ name: "points", extensions }).der));
}

const [A, B] = ["http://a.example.com/ca.crl", "https://b.example.com/ca.crl"];
const LDAP = "ldap://directory.example.com/cn=ca";

test("reads nothing where a certificate says nothing", () => {
  assert.deepEqual(points(), { ocsp: undefined, crls: [], namesDelta: false });
  const issuerOnly = sequence(oid("1.3.6.1.5.5.7.48.2"), der(0x86, Buffer.from(A)));
  assert.equal(points(extension("1.3.6.1.5.5.7.1.1", sequence(issuerOnly), false)).ocsp, undefined);
});

test("reads responders and lists in their order, http and https alone", () => {
  assert.deepEqual(points(ocspAt(A, LDAP, B)).ocsp, { urls: [A, B], names: [A, LDAP, B], refused: undefined });
  const { crls, namesDelta } = points(listsAt(pointOf([LDAP, A]), pointOf([B])), changesAt(A));
  assert.deepEqual(
    crls.map(({ urls }) => urls),
    [[A], [B]],
  );
  assert.equal(namesDelta, true);
});

test("refuses points that cannot be asked, and never takes them for none", () => {
  assert.match(points(ocspAt(LDAP)).ocsp?.refused ?? "", /no address of http or https/);
  assert.match(points(ocspAt("file:///etc/passwd")).ocsp?.refused ?? "", /no address of http or https/);
  assert.match(points(ocspAt("not a url")).ocsp?.refused ?? "", /no address of http or https/);
  const refusalOf = (point: Buffer): string => points(listsAt(point)).crls[0]?.refused ?? "";
  assert.match(refusalOf(pointOf([LDAP])), /no address of http or https/);
  assert.match(refusalOf(sequence()), /no address/);
  assert.match(refusalOf(pointOf([A], der(0x81, Buffer.of(1, 0x40)))), /some reasons only/);
  assert.match(refusalOf(pointOf([A], der(0xa2, der(0x86, Buffer.from(B))))), /indirect/);
  const relative = sequence(der(0xa0, der(0xa1, sequence(oid("2.5.4.3"), der(0x0c, Buffer.from("x"))))));
  assert.match(refusalOf(relative), /no address of http or https/);
});

test("refuses more addresses than any honest certificate has, instead of asking the first few", () => {
  const many = Array.from({ length: 6 }, (_, at) => `http://${at}.example.com/`);
  assert.match(points(ocspAt(...many)).ocsp?.refused ?? "", /more than 5/);
  assert.match(points(listsAt(pointOf(many))).crls[0]?.refused ?? "", /more than 5/);
  assert.match(points(listsAt(...many.map((url) => pointOf([url])))).crls[0]?.refused ?? "", /more than 5/);
  assert.equal(points(ocspAt(...many.slice(1))).ocsp?.urls.length, 5);
});

test("takes a list of no points for a fault", () => assert.throws(() => points(listsAt()), InputError));

test("does not read broken extensions as empty", () => {
  for (const name of ["1.3.6.1.5.5.7.1.1", "2.5.29.31"]) {
    assert.throws(() => points(extension(name, octets(Buffer.of(1)), false)), InputError);
    assert.throws(() => points(extension(name, Buffer.alloc(0), false)), InputError);
  }
});
