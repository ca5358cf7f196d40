import assert from "node:assert/strict";
import { test } from "node:test";

import { parseCertificate } from "../../../src/crypto/certificate.ts";
import { ocspRequest } from "../../../src/crypto/ocsp-request.ts";
import { checkOcspResponse, type OcspCheck } from "../../../src/crypto/ocsp.ts";
import { CODE_SIGNING, extension, issue, keyUsage, purposes } from "../../support/signing/certificates.ts";
import { der, generalizedTime, integer, octets, oid, sequence } from "../../support/signing/der.ts";
import {
  answerOf,
  AUTHORITY_EXTENSIONS,
  chainOf,
  delegateOf,
  FROM,
  idOf,
  NO_CHECK,
  OCSP_SIGNING,
  ocspAt,
  responseOf,
  UNTIL,
  type AnswerOptions,
} from "../../support/signing/revocation.ts";

const pki = chainOf([ocspAt("http://ocsp.example.com")]);
const { leaf, authority: issuer } = pki;

function check(bytes: Uint8Array, certificate = leaf, by = issuer): OcspCheck {
  return checkOcspResponse(bytes, parseCertificate(certificate.der), parseCertificate(by.der));
}

function answered(options: AnswerOptions = {}): unknown {
  const found = check(answerOf(leaf, issuer, options));
  assert.equal(found.kind, "proved", JSON.stringify(found));
  return found.kind === "proved" ? found.answer.status : undefined;
}

function refused(bytes: Uint8Array, why: RegExp): void {
  const found = check(bytes);
  assert.equal(found.kind, "invalid", JSON.stringify(found));
  assert.match(found.kind === "invalid" ? found.detail : "", why);
}

const GOOD = { kind: "good" };

test("believes an issuer's own answer, by name or by key, under SHA-1 and SHA-256", () => {
  assert.deepEqual(answered(), GOOD);
  assert.deepEqual(answered({ responder: "key" }), GOOD);
  assert.deepEqual(answered({ hash: "sha256" }), GOOD);
  assert.deepEqual(answered({ version: der(0xa0, integer(0)) }), GOOD);
});

test("tells until when an answer holds", () => {
  const found = check(answerOf(leaf, issuer));
  assert.ok(found.kind === "proved");
  assert.equal(found.answer.thisUpdate, FROM.replace("Z", ".000Z"));
  assert.equal(found.answer.nextUpdate, UNTIL.replace("Z", ".000Z"));
  assert.equal(found.answer.delegate, undefined);
  const open = check(answerOf(leaf, issuer, { nextUpdate: null }));
  assert.ok(open.kind === "proved");
  assert.equal(open.answer.nextUpdate, undefined);
});

test("tells when, why and since when a certificate is revoked", () => {
  const at = "2024-04-02T03:04:05.000Z";
  const revoked = (more: object): unknown => ({ kind: "revoked", revocation: { at, ...more } });
  assert.deepEqual(answered({ status: { at } }), revoked({ reason: "unspecified", invalidAt: undefined }));
  assert.deepEqual(answered({ status: { at, reason: 1 } }), revoked({ reason: "keyCompromise", invalidAt: undefined }));
  assert.deepEqual(
    answered({ status: { at, reason: 4, invalidAt: "2024-03-01T00:00:00Z" } }),
    revoked({ reason: "superseded", invalidAt: "2024-03-01T00:00:00.000Z" }),
  );
  assert.deepEqual(answered({ status: "unknown" }), { kind: "unknown" });
});

test("believes a delegate that the issuer gave for OCSP", () => {
  const delegate = delegateOf(issuer);
  assert.deepEqual(answered({ signer: delegate }), GOOD);
  assert.deepEqual(answered({ signer: delegate, responder: "key" }), GOOD);
  const others = [pki.root.der, Buffer.from("3003020101", "hex"), delegate.der];
  assert.deepEqual(answered({ signer: delegate, bag: others }), GOOD);
});

test("believes a delegate from the very beginning to the very end of its validity", () => {
  assert.deepEqual(answered({ signer: delegateOf(issuer, { notAfter: FROM }) }), GOOD);
  assert.deepEqual(answered({ signer: delegateOf(issuer, { notBefore: FROM }) }), GOOD);
  const [before, after] = ["2024-04-30T23:59:59Z", "2024-05-01T00:00:01Z"];
  refused(answerOf(leaf, issuer, { signer: delegateOf(issuer, { notAfter: before }) }), /was not valid at 2024-05-01/);
  refused(answerOf(leaf, issuer, { signer: delegateOf(issuer, { notBefore: after }) }), /was not valid at 2024-05-01/);
});

test("refuses a delegate that may not answer for the issuer", () => {
  const by = (signer: ReturnType<typeof issue>): Buffer => answerOf(leaf, issuer, { signer });
  refused(by(delegateOf(pki.root)), /is not of the certificate's issuer/);
  const self = issue({ name: "responder", extensions: [purposes(false, OCSP_SIGNING)] });
  refused(by(self), /is not of the certificate's issuer/);
  const impostor = issue({ name: "revocation authority", extensions: AUTHORITY_EXTENSIONS });
  refused(by(delegateOf(impostor)), /is not of the certificate's issuer/);
  refused(by(delegateOf(issuer, { extensions: [keyUsage(0x80, 7), NO_CHECK] })), /is not for OCSP/);
  refused(by(delegateOf(issuer, { extensions: [purposes(false, CODE_SIGNING)] })), /is not for OCSP/);
  refused(by(delegateOf(issuer, { extensions: [purposes(false, "2.5.29.37.0")] })), /is not for OCSP/);
  refused(by(leaf), /is not for OCSP/);
  const encipher = [keyUsage(0x20, 5), purposes(false, OCSP_SIGNING)];
  refused(by(delegateOf(issuer, { extensions: encipher })), /may not sign/);
  refused(by(delegateOf(issuer, { notAfter: "2024-04-30T00:00:00Z" })), /was not valid at 2024-05-01/);
  refused(by(delegateOf(issuer, { notBefore: "2024-05-02T00:00:00Z" })), /was not valid at 2024-05-01/);
  const odd = [purposes(false, OCSP_SIGNING), extension("1.2.3.4", octets(Buffer.of(1)))];
  refused(by(delegateOf(issuer, { extensions: odd })), /demands the extension 1\.2\.3\.4/);
});

test("refuses an answer that its responder did not sign", () => {
  const stranger = issue({ name: "revocation authority", extensions: AUTHORITY_EXTENSIONS });
  refused(answerOf(leaf, issuer, { signer: stranger, bag: [] }), /signature is not its responder's/);
  refused(answerOf(leaf, issuer, { signer: delegateOf(issuer), bag: [] }), /does not come with its response/);
  const answer = answerOf(leaf, issuer);
  answer[answer.length - 1]! ^= 1;
  refused(answer, /signature is not its responder's/);
});

test("refuses an answer about another certificate", () => {
  refused(answerOf(leaf, issuer, { serial: leaf.serial + 1000 }), /another certificate/);
  refused(answerOf(leaf, issuer, { about: () => idOf(pki.root, leaf.serial) }), /another certificate/);
  const sameName = { ...issuer, key: pki.root.key };
  refused(answerOf(leaf, issuer, { about: () => idOf(sameName, leaf.serial) }), /another certificate/);
  refused(answerOf(leaf, issuer, { singles: () => [] }), /another certificate/);
  // After the name's own header and its algorithm.
  const md5 = (id: Buffer): Buffer => sequence(sequence(oid("1.2.840.113549.2.5"), der(0x05)), id.subarray(13));
  refused(answerOf(leaf, issuer, { about: md5 }), /another certificate/);
});

test("finds the certificate among others, and refuses two answers about it", () => {
  const others = idOf(issuer, leaf.serial + 1000);
  const strange = (proper: Buffer): Buffer => sequence(others, proper.subarray(4 + proper[3]!));
  assert.deepEqual(answered({ singles: (proper) => [strange(proper), proper] }), GOOD);
  refused(answerOf(leaf, issuer, { singles: (proper) => [proper, proper] }), /more than once/);
});

test("refuses what it does not understand", () => {
  const demanding = extension("1.2.3.4", octets(Buffer.of(1)));
  refused(answerOf(leaf, issuer, { extensions: [demanding] }), /demands the extension 1\.2\.3\.4/);
  refused(answerOf(leaf, issuer, { status: { extensions: [demanding] } }), /demands the extension 1\.2\.3\.4/);
  refused(answerOf(leaf, issuer, { status: { reason: 7 } }), /reason/);
  refused(answerOf(leaf, issuer, { version: der(0xa0, integer(1)) }), /not of version 1/);
  refused(answerOf(leaf, issuer, { type: "1.2.3" }), /unknown type/);
  refused(answerOf(leaf, issuer, { nextUpdate: "2024-04-01T00:00:00Z" }), /ends before it begins/);
  const nonce = extension("1.3.6.1.5.5.7.48.1.2", octets(Buffer.of(1)));
  assert.deepEqual(answered({ extensions: [nonce] }), GOOD);
});

test("refuses parts that nobody expects", () => {
  const [extra, extensions, bag] = [octets(Buffer.of(1)), [], [issuer.der]];
  refused(answerOf(leaf, issuer, { extensions, tails: { signed: extra } }), /data of another form/);
  refused(answerOf(leaf, issuer, { bag, tails: { whole: extra } }), /response of another form/);
  refused(answerOf(leaf, issuer, { tails: { wrapper: extra } }), /unknown type/);
  refused(answerOf(leaf, issuer, { bag: Array.from({ length: 9 }, () => leaf.der) }), /more than 8 certificates/);
  const about = (id: Buffer): Buffer => sequence(id.subarray(2), extra);
  refused(answerOf(leaf, issuer, { about }), /name of another form/);
  const singles = (single: Buffer): Buffer[] => [sequence(single.subarray(2), der(0xa1, sequence()), extra)];
  refused(answerOf(leaf, issuer, { singles }), /answer of another form/);
  const revoked = der(0xa1, generalizedTime(FROM), der(0xa0, der(0x0a, Buffer.of(1))), extra);
  const odd = sequence(idOf(issuer, leaf.serial), revoked, generalizedTime(FROM));
  refused(answerOf(leaf, issuer, { singles: () => [odd] }), /revocation of another form/);
  const full = sequence(idOf(issuer, leaf.serial), der(0x80, Buffer.of(1)), generalizedTime(FROM));
  refused(answerOf(leaf, issuer, { singles: () => [full] }), /status of another form/);
});

test("passes an error on as what it is", () => {
  const names = ["malformedRequest", "internalError", "tryLater", "sigRequired", "unauthorized"];
  const found = [1, 2, 3, 5, 6].map((status) => check(responseOf(status)));
  assert.deepEqual(
    found,
    names.map((status) => ({ kind: "declined", status })),
  );
  for (const status of [4, 7, 0]) refused(responseOf(status), /./);
  refused(Buffer.alloc(70_000, 0x30), /larger than 65536/);
  refused(Buffer.from("<html>"), /broken/);
  refused(Buffer.alloc(0), /broken/);
});

test("asks for one certificate by the hashes of its issuer's name and key", () => {
  const request = ocspRequest(parseCertificate(leaf.der), parseCertificate(issuer.der));
  assert.deepEqual(Buffer.from(request), sequence(sequence(sequence(sequence(idOf(issuer, leaf.serial))))));
});
