import assert from "node:assert/strict";
import { test } from "node:test";

import { parseCertificate } from "../../../src/crypto/certificate.ts";
import { isInScope } from "../../../src/crypto/crl-scope.ts";
import { checkCrl, type RevocationList } from "../../../src/crypto/crl.ts";
import { basicConstraints, extension, issue, keyUsage } from "../../support/signing/certificates.ts";
import { der, generalizedTime, octets, oid, sequence } from "../../support/signing/der.ts";
import {
  AUTHORITY_EXTENSIONS,
  chainOf,
  changesAt,
  flag,
  FROM,
  listOf,
  listsAt,
  pointOf,
  scopeOf,
  UNTIL,
  type ListOptions,
} from "../../support/signing/revocation.ts";

const URL = "http://lists.example.com/authority.crl";
const pki = chainOf([listsAt(pointOf([URL]))]);
const { leaf, authority: issuer } = pki;
const CERTIFICATE = parseCertificate(leaf.der);
const ISSUER = parseCertificate(issuer.der);

function proved(options: ListOptions = {}): RevocationList {
  const found = checkCrl(listOf(issuer, options), CERTIFICATE, ISSUER);
  return found.kind === "proved" ? found.list : assert.fail(found.detail);
}

function refused(bytes: Uint8Array, why: RegExp, by = ISSUER): void {
  const found = checkCrl(bytes, CERTIFICATE, by);
  assert.equal(found.kind, "invalid");
  assert.match(found.kind === "invalid" ? found.detail : "", why);
}

const AT = "2024-04-01T00:00:00.000Z";

test("believes a list that the issuer signed, and tells its number and until when it holds", () => {
  const list = proved({ number: 4711 });
  assert.deepEqual(
    { ...list, thisUpdate: undefined },
    {
      thisUpdate: undefined,
      nextUpdate: UNTIL.replace("Z", ".000Z"),
      number: 4711n,
      changesSince: undefined,
      scope: undefined,
      freshest: [],
      revocations: [],
    },
  );
  assert.equal(list.thisUpdate, FROM.replace("Z", ".000Z"));
  assert.equal(proved({ number: null }).number, undefined);
  assert.equal(proved({ changesSince: 3 }).changesSince, 3n);
});

test("finds the certificate among a thousand others", () => {
  const others = Array.from({ length: 1000 }, (_, at) => ({ serial: 100_000 + at, reason: 1 }));
  assert.deepEqual(proved({ entries: others }).revocations, []);
  const entry = { serial: leaf.serial, reason: 4, invalidAt: "2024-03-01T00:00:00Z" };
  assert.deepEqual(proved({ entries: [...others, entry, ...others] }).revocations, [
    { at: AT, reason: "superseded", invalidAt: "2024-03-01T00:00:00.000Z" },
  ]);
  assert.deepEqual(proved({ entries: [{ serial: leaf.serial }, { serial: leaf.serial, reason: 6 }] }).revocations, [
    { at: AT, reason: "unspecified", invalidAt: undefined },
    { at: AT, reason: "certificateHold", invalidAt: undefined },
  ]);
});

test("refuses a list that the issuer did not sign", () => {
  const stranger = issue({ name: "revocation authority", extensions: AUTHORITY_EXTENSIONS });
  refused(listOf(issuer, { signer: stranger }), /signature is not that of the certificate's issuer/);
  refused(listOf(pki.root), /signature is not that of the certificate's issuer/);
  refused(listOf(issuer, { issuer: pki.root.subject }), /of another issuer/);
  refused(listOf(issuer, { outer: sequence(oid("1.2.840.10045.4.3.3")) }), /signature is not/);
});

test("refuses an issuer that may not sign lists", () => {
  const by = (extensions: readonly Buffer[]): [Buffer, ReturnType<typeof parseCertificate>] => {
    const other = issue({ name: "revocation authority", key: issuer.key, extensions });
    return [listOf(other), parseCertificate(other.der)];
  };
  const [list, certsOnly] = by([basicConstraints(), keyUsage(0x04, 2)]);
  refused(list, /may not sign revocation lists/, certsOnly);
  refused(list, /may not sign revocation lists/, by([keyUsage(0x06, 1)])[1]);
  const [fine, unlimited] = by([basicConstraints()]);
  assert.equal(checkCrl(fine, CERTIFICATE, unlimited).kind, "proved");
});

test("refuses lists without an end, of version 1, and that end before they begin", () => {
  refused(listOf(issuer, { nextUpdate: null }), /does not say when the next one is out/);
  refused(listOf(issuer, { nextUpdate: "2024-04-01T00:00:00Z" }), /ends before it begins/);
  refused(listOf(issuer, { version: 0 }), /not of version 2/);
});

test("refuses a list with a critical extension that is not known, of its own or of any entry", () => {
  const demanding = extension("1.2.3.4", octets(Buffer.of(1)));
  refused(listOf(issuer, { extensions: [demanding] }), /demands the extension 1\.2\.3\.4/);
  const entries = [{ serial: leaf.serial + 1, extensions: [demanding] }];
  refused(listOf(issuer, { entries }), /demands the extension 1\.2\.3\.4/);
  const indirect = extension("2.5.29.29", sequence(der(0xa4, issuer.subject)));
  refused(listOf(issuer, { entries: [{ serial: 1, extensions: [indirect] }] }), /2\.5\.29\.29/);
  const harmless = extension("1.2.3.4", octets(Buffer.of(1)), false);
  assert.equal(proved({ entries: [{ serial: leaf.serial, extensions: [harmless] }] }).revocations.length, 1);
});

test("refuses parts that nobody expects, and numbers out of range", () => {
  const extra = octets(Buffer.of(1));
  refused(listOf(issuer, { tails: { signed: extra } }), /list of another form/);
  refused(listOf(issuer, { tails: { whole: extra } }), /no revocation list/);
  for (const few of [sequence(), sequence(sequence()), sequence(sequence(), sequence())]) refused(few, /broken/);
  const entries = [{ serial: leaf.serial, reason: 1 }];
  refused(listOf(issuer, { entries, tails: { entry: extra } }), /entry of a revocation list of another form/);
  for (const bytes of [Buffer.of(0x80), Buffer.concat([Buffer.of(1), Buffer.alloc(21)])]) {
    const number = extension("2.5.29.20", der(0x02, bytes), false);
    refused(listOf(issuer, { number: null, extensions: [number] }), /number out of range/);
  }
  refused(listOf(issuer, { scope: scopeOf(undefined, flag(0x81), flag(0x81)) }), /a part twice/);
});

test("refuses entries that are none", () => {
  refused(listOf(issuer, { entries: [{ serial: leaf.serial, reason: 7 }] }), /reason/);
  refused(listOf(issuer, { entries: [{ serial: leaf.serial, reason: 11 }] }), /reason/);
  refused(listOf(issuer, { entries: [{ serial: leaf.serial, reason: 8 }] }), /takes an entry back/);
  const date = extension("2.5.29.24", generalizedTime("2024-13-01T00:00:00Z"), false);
  refused(listOf(issuer, { entries: [{ serial: leaf.serial, extensions: [date] }] }), /time/);
  const taken = proved({ changesSince: 1, entries: [{ serial: leaf.serial, reason: 8 }] });
  assert.deepEqual(
    taken.revocations.map(({ reason }) => reason),
    ["removeFromCRL"],
  );
});

test("refuses lists of some reasons, of several authorities and of attributes", () => {
  refused(listOf(issuer, { scope: scopeOf(undefined, der(0x83, Buffer.of(1, 0x40))) }), /some reasons only/);
  refused(listOf(issuer, { scope: scopeOf(undefined, flag(0x84)) }), /indirect/);
  refused(listOf(issuer, { scope: scopeOf(undefined, flag(0x85)) }), /attribute/);
  refused(listOf(issuer, { scope: scopeOf(undefined, flag(0x86)) }), /unknown scope/);
  refused(listOf(issuer, { scope: scopeOf(undefined, flag(0x81), flag(0x82)) }), /of nothing/);
  refused(listOf(issuer, { scope: scopeOf(undefined, der(0x81, Buffer.of(0))) }), /another form/);
});

test("knows of which certificates a list speaks", () => {
  const point = { urls: [URL], names: [URL, "ldap://directory.example.com/x"], refused: undefined };
  const covers = (scope: Buffer | undefined, certificate = CERTIFICATE): boolean =>
    isInScope(certificate, point, proved(scope === undefined ? {} : { scope }).scope);
  assert.equal(covers(undefined), true);
  assert.equal(covers(scopeOf([URL])), true);
  assert.equal(covers(scopeOf(["ldap://directory.example.com/x"])), true);
  assert.equal(covers(scopeOf(["http://lists.example.com/other.crl"])), false);
  assert.equal(covers(scopeOf([])), false);
  assert.equal(covers(scopeOf(undefined, flag(0x81))), true);
  assert.equal(covers(scopeOf(undefined, flag(0x82))), false);
  assert.equal(covers(scopeOf(undefined, flag(0x82)), ISSUER), true);
  assert.equal(covers(scopeOf(undefined, flag(0x81)), ISSUER), false);
});

test("tells where the changes since a list are", () => {
  const { freshest } = proved({ extensions: [changesAt("http://lists.example.com/changes.crl")] });
  assert.deepEqual(
    freshest.map(({ urls }) => urls),
    [["http://lists.example.com/changes.crl"]],
  );
});

test("refuses what is no list, and one that is too large, without reading it", () => {
  refused(Buffer.from("<html>not found</html>"), /broken/);
  refused(Buffer.alloc(0), /broken/);
  const started = performance.now();
  refused(Buffer.alloc(9 * 1024 * 1024, 0x30), /larger than 8388608/);
  assert.ok(performance.now() - started < 100);
});

test("reads a list of several MiB in less than two seconds", () => {
  const entries = Array.from({ length: 150_000 }, (_, at) => ({ serial: 1_000_000_000 + at, reason: 1 }));
  const bytes = listOf(issuer, { entries: [...entries, { serial: leaf.serial, reason: 1 }] });
  assert.ok(bytes.length > 5 * 1024 * 1024);
  const started = performance.now();
  const found = checkCrl(bytes, CERTIFICATE, ISSUER);
  assert.ok(found.kind === "proved" && found.list.revocations.length === 1);
  assert.ok(performance.now() - started < 2000, `${performance.now() - started} ms`);
});
