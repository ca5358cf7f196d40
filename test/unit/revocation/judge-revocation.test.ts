import assert from "node:assert/strict";
import { test } from "node:test";

import { parseCertificate, type Certificate } from "../../../src/crypto/certificate.ts";
import type { Gap } from "../../../src/domain/gap.ts";
import { parseInstant } from "../../../src/domain/instant.ts";
import type { Document } from "../../../src/domain/subject.ts";
import { answerDocument, gapAbout, type Method } from "../../../src/revocation/answers.ts";
import { judgeRevocation, type RevocationJudgement } from "../../../src/revocation/judge-revocation.ts";
import { extension, purposes, type Issued } from "../../support/signing/certificates.ts";
import { octets } from "../../support/signing/der.ts";
import {
  answerOf,
  chainOf,
  changesAt,
  delegateOf,
  flag,
  listOf,
  listsAt,
  NO_CHECK,
  ocspAt,
  OCSP_SIGNING,
  pointOf,
  responseOf,
  scopeOf,
  type AnswerOptions,
  type ListOptions,
} from "../../support/signing/revocation.ts";

const OCSP = "http://ocsp.example.com/";
const LIST = "http://lists.example.com/authority.crl";
const CHANGES = "http://lists.example.com/changes.crl";
const UNTIL = parseInstant("2024-05-08T00:00:00Z");
const SIGNED = parseInstant("2024-02-01T00:00:00Z");

const both = chainOf([ocspAt(OCSP), listsAt(pointOf([LIST]))]);
const byOcsp = chainOf([ocspAt(OCSP)]);
const byList = chainOf([listsAt(pointOf([LIST]))]);
type Pki = typeof both;

const certificateOf = (pki: Pki): Certificate => parseCertificate(pki.leaf.der);

function document(pki: Pki, method: Method, bytes: Uint8Array, url = method === "ocsp" ? OCSP : LIST): Document {
  return answerDocument(bytes, method, { certificate: certificateOf(pki), url });
}

const answer = (pki: Pki, options?: AnswerOptions): Document =>
  document(pki, "ocsp", answerOf(pki.leaf, pki.authority, options));
const list = (pki: Pki, options?: ListOptions, url?: string): Document =>
  document(pki, "crl", listOf(pki.authority, options), url);

type Judging = { readonly gaps?: readonly Gap[]; readonly purpose?: "timestamping"; readonly unproved?: true };

function judge(pki: Pki, documents: readonly Document[], how: Judging = {}): RevocationJudgement {
  return judgeRevocation(pki.chain, documents, how.gaps ?? [], {
    purpose: how.purpose ?? "code-signing",
    signedAt: how.unproved ? undefined : SIGNED,
  });
}

function assertUnknown(found: RevocationJudgement, why: RegExp): void {
  assert.equal(found.kind, "unknown", JSON.stringify(found));
  assert.match(found.kind === "unknown" ? found.gap.detail : "", why);
  assert.match(found.kind === "unknown" ? found.gap.what : "", /the revocation of/);
}

/** Notes apart: the authority of most chains here cannot be revoked, which is one. */
function assertGood(found: RevocationJudgement, until = UNTIL): void {
  assert.deepEqual({ ...found, notes: [] }, { kind: "good", until, notes: [] });
}

test("is good as long as an OCSP answer or a list holds", () => {
  assertGood(judge(byOcsp, [answer(byOcsp)]));
  assertGood(judge(byList, [list(byList)]));
  assertGood(judge(both, [answer(both)]));
  assertGood(judge(both, [list(both)]));
});

test("counts an answer that ended as good until then, for it knows no now", () => {
  const until = parseInstant("2001-01-02T00:00:00Z");
  const options = { thisUpdate: "2001-01-01T00:00:00Z", nextUpdate: "2001-01-02T00:00:00Z" };
  assertGood(judge(byList, [list(byList, options)]), until);
  // Of two, the one that holds longer.
  assertGood(judge(both, [list(both, options), answer(both)]));
});

test("is good with a note where no certificate of the chain can be revoked", () => {
  const found = judge(chainOf([]), []);
  assert.equal(found.kind, "good");
  assert.ok(found.kind === "good" && found.until === undefined && found.notes.length === 2);
  assert.match(found.notes[0] ?? "", /names neither OCSP nor a revocation list/);
});

test("asks for every certificate of the chain but the root, and ends with the earliest", () => {
  const pki = chainOf([ocspAt(OCSP)], [listsAt(pointOf([LIST]))]);
  const nextUpdate = "2024-05-03T00:00:00Z";
  const above = (options: ListOptions): Document =>
    answerDocument(listOf(pki.root, options), "crl", { certificate: parseCertificate(pki.authority.der), url: LIST });
  assertUnknown(judge(pki, [answer(pki)]), /no revocation list is at hand/);
  assertGood(judge(pki, [answer(pki), above({ nextUpdate })]), parseInstant(nextUpdate));
  const found = judge(pki, [answer(pki), above({ entries: [{ serial: pki.authority.serial }] })]);
  assert.ok(found.kind === "revoked");
  assert.match(found.detail, /an authority above the signer's certificate/);
});

test("is unknown without an answer, and says what was tried", () => {
  assertUnknown(judge(byOcsp, []), /no answer of an OCSP responder is at hand/);
  assertUnknown(judge(byList, []), /no revocation list is at hand/);
  assertUnknown(judge(both, []), /no answer of an OCSP responder is at hand; no revocation list is at hand/);
  const gap = gapAbout(certificateOf(byList), "timeout", "took longer than 5000 ms", LIST);
  const found = judge(byList, [], { gaps: [gap] });
  assert.deepEqual(found, { kind: "unknown", gap });
  const other = gapAbout(certificateOf(byOcsp), "timeout", "took longer than 5000 ms", LIST);
  assertUnknown(judge(byList, [], { gaps: [other] }), /no revocation list is at hand/);
});

test("is unknown for an answer of another certificate, of another kind or of another address", () => {
  assertUnknown(judge(byOcsp, [answer(byOcsp, { serial: 1 })]), /about another certificate/);
  assertUnknown(judge(byOcsp, [answer(both)]), /no answer of an OCSP responder/);
  assertUnknown(judge(byOcsp, [document(byOcsp, "crl", answerOf(byOcsp.leaf, byOcsp.authority))]), /no answer/);
  assertUnknown(judge(byList, [list(byList, {}, "http://lists.example.com/other.crl")]), /no revocation list/);
  assertUnknown(judge(byList, [document(byList, "crl", listOf(both.authority))]), /signature is not/);
});

test("is unknown for answers that are none", () => {
  assertUnknown(judge(byOcsp, [answer(byOcsp, { status: "unknown" })]), /does not know the certificate/);
  assertUnknown(judge(byOcsp, [answer(byOcsp, { nextUpdate: null })]), /does not say until when it holds/);
  assertUnknown(judge(byOcsp, [document(byOcsp, "ocsp", responseOf(3))]), /tryLater/);
  assertUnknown(judge(byOcsp, [document(byOcsp, "ocsp", Buffer.from("<html>"))]), /broken/);
  assertUnknown(judge(byList, [list(byList, { scope: scopeOf(undefined, flag(0x82)) })]), /other certificates/);
});

test("falls back on a list where the OCSP responder does not tell", () => {
  assertGood(judge(both, [answer(both, { status: "unknown" }), list(both)]));
  assertGood(judge(both, [document(both, "ocsp", Buffer.from("<html>")), list(both)]));
  const entries = [{ serial: both.leaf.serial }];
  assert.equal(judge(both, [answer(both, { status: "unknown" }), list(both, { entries })]).kind, "revoked");
});

test("believes whoever says that a certificate is revoked", () => {
  const entries = [{ serial: both.leaf.serial }];
  assert.equal(judge(both, [answer(both), list(both, { entries })]).kind, "revoked");
  assert.equal(judge(both, [answer(both, { status: {} }), list(both)]).kind, "revoked");
  assert.equal(judge(both, [answer(both), answer(both, { status: {} })]).kind, "revoked");
});

const REASONS = [undefined, 0, 1, 2, 3, 4, 5, 6, 9, 10];

test("is revoked for every reason and whenever, unless a proved time lies before the invalidity date", () => {
  for (const reason of REASONS) {
    const why = reason === undefined ? {} : { reason };
    const statusAt = (more: object): AnswerOptions => ({ status: { at: "2024-04-01T00:00:00Z", ...why, ...more } });
    const entryAt = (more: object): ListOptions => ({ entries: [{ serial: byList.leaf.serial, ...why, ...more }] });
    const after = { invalidAt: "2024-02-01T00:00:01Z" };
    for (const more of [{}, { invalidAt: "2024-02-01T00:00:00Z" }, { invalidAt: "2024-01-01T00:00:00Z" }]) {
      assert.equal(judge(byOcsp, [answer(byOcsp, statusAt(more))]).kind, "revoked", `${reason}`);
      assert.equal(judge(byList, [list(byList, entryAt(more))]).kind, "revoked", `${reason}`);
    }
    for (const how of [{ unproved: true }, { purpose: "timestamping" }] as const) {
      assert.equal(judge(byOcsp, [answer(byOcsp, statusAt(after))], how).kind, "revoked", `${reason}`);
      assert.equal(judge(byList, [list(byList, entryAt(after))], how).kind, "revoked", `${reason}`);
    }
    for (const found of [
      judge(byOcsp, [answer(byOcsp, statusAt(after))]),
      judge(byList, [list(byList, entryAt(after))]),
    ]) {
      assert.ok(found.kind === "good" && found.until === UNTIL, `${reason}`);
      assert.match(found.notes.join(), /which is after it signed at 2024-02-01/);
    }
  }
});

test("says who is revoked, when, why and what to do", () => {
  const entries = [{ serial: byList.leaf.serial, reason: 1 }];
  const found = judge(byList, [list(byList, { entries })]);
  assert.ok(found.kind === "revoked");
  assert.match(found.detail, /^the signer's certificate \(serial number [0-9a-f]+\)/);
  assert.match(found.detail, /revoked at 2024-04-01T00:00:00\.000Z \(keyCompromise\)\. Sign anew/);
  const stamp = judge(byList, [list(byList, { entries })], { purpose: "timestamping" });
  assert.match(stamp.kind === "revoked" ? stamp.detail : "", /^the timestamp authority's certificate/);
});

test("wants an answer of every point, and one of the addresses of each", () => {
  const [a, b, c] = ["http://a.example.com/", "http://b.example.com/", "http://c.example.com/"];
  const pki = chainOf([listsAt(pointOf([a, b]), pointOf([c]))]);
  assertUnknown(judge(pki, [list(pki, {}, a)]), /no revocation list/);
  assertUnknown(judge(pki, [list(pki, {}, a), list(pki, {}, b)]), /no revocation list/);
  assertGood(judge(pki, [list(pki, {}, b), list(pki, {}, c)]));
  const entries = [{ serial: pki.leaf.serial }];
  assert.equal(judge(pki, [list(pki, {}, b), list(pki, { entries }, c)]).kind, "revoked");
  const divided = { scope: scopeOf([a]) };
  assertGood(judge(pki, [list(pki, divided, b), list(pki, {}, c)]));
  assertUnknown(judge(pki, [list(pki, divided, b), list(pki, divided, c)]), /other certificates/);
});

const delta = (options: ListOptions): Document =>
  list(byList, { changesSince: 5, number: 7, nextUpdate: "2024-05-02T00:00:00Z", ...options }, CHANGES);
const base = (options: ListOptions = {}): Document =>
  list(byList, { number: 5, extensions: [changesAt(CHANGES)], ...options });
const SERIAL = byList.leaf.serial;

test("wants the changes since a list that names them, and ends with them", () => {
  assertUnknown(judge(byList, [base()]), /changes since the revocation list .* are not at hand/);
  const until = parseInstant("2024-05-02T00:00:00Z");
  assertGood(judge(byList, [base(), delta({})]), until);
  assertGood(judge(byList, [base(), delta({ number: 5 })]), until);
  assert.equal(judge(byList, [base(), delta({ entries: [{ serial: SERIAL }] })]).kind, "revoked");
  assert.equal(judge(byList, [base({ entries: [{ serial: SERIAL }] }), delta({})]).kind, "revoked");
});

test("refuses changes that do not belong to the list", () => {
  assertUnknown(judge(byList, [base(), delta({ changesSince: 6 })]), /since a newer revocation list/);
  assertUnknown(judge(byList, [base(), delta({ changesSince: 3, number: 4 })]), /older than the revocation list/);
  assertUnknown(judge(byList, [base(), list(byList, { number: 7 }, CHANGES)]), /whole revocation list was found/);
  assertUnknown(judge(byList, [base(), delta({ number: null })]), /has no number/);
  assertUnknown(judge(byList, [base({ number: null }), delta({})]), /has no number/);
  assertUnknown(judge(byList, [base(), delta({ scope: scopeOf([LIST]) })]), /of other certificates than the list/);
  assertUnknown(judge(byList, [list(byList, { changesSince: 5 })]), /where a whole revocation list belongs/);
  const forged = document(byList, "crl", listOf(both.authority, { changesSince: 5, number: 7 }), CHANGES);
  assertUnknown(judge(byList, [base(), forged]), /signature is not/);
});

test("takes a hold back, and nothing else", () => {
  const back = delta({ entries: [{ serial: SERIAL, reason: 8 }] });
  const held = base({ entries: [{ serial: SERIAL, reason: 6 }] });
  assert.equal(judge(byList, [held, delta({})]).kind, "revoked");
  assert.equal(judge(byList, [held, back]).kind, "good");
  assert.equal(judge(byList, [base({ entries: [{ serial: SERIAL, reason: 1 }] }), back]).kind, "revoked");
  const again = [
    { serial: SERIAL, reason: 8 },
    { serial: SERIAL, reason: 1 },
  ];
  assert.equal(judge(byList, [held, delta({ entries: again })]).kind, "revoked");
});

test("is unknown where only the certificate names changes", () => {
  const pki = chainOf([listsAt(pointOf([LIST])), changesAt(CHANGES)]);
  assertUnknown(judge(pki, [list(pki)]), /freshest CRL.* and the list does not/);
  assertUnknown(judge(chainOf([changesAt(CHANGES)]), []), /freshest CRL.* and no list/);
});

test("is unknown for points that cannot be asked, whatever is at hand", () => {
  const ldap = chainOf([listsAt(pointOf(["ldap://directory.example.com/"]))]);
  assertUnknown(judge(ldap, [list(ldap)]), /no address of http or https/);
  const gone = chainOf([ocspAt("ldap://directory.example.com/")]);
  assertUnknown(judge(gone, [answer(gone)]), /no address of http or https/);
});

test("looks up a responder's own certificate in lists, unless its authority vouches for it", () => {
  const at = listsAt(pointOf([LIST]));
  const with_ = (...more: readonly Buffer[]): Issued =>
    delegateOf(byOcsp.authority, { extensions: [purposes(false, OCSP_SIGNING), ...more] });
  const listed = with_(at);
  const signed = answer(byOcsp, { signer: listed });
  const listFor = (options: ListOptions): Document =>
    answerDocument(listOf(byOcsp.authority, options), "crl", {
      certificate: parseCertificate(listed.der),
      url: LIST,
    });
  assertUnknown(judge(byOcsp, [signed]), /responder's own certificate may be revoked: no revocation list/);
  assertGood(judge(byOcsp, [signed, listFor({})]));
  const revoked = listFor({ entries: [{ serial: listed.serial, invalidAt: "2030-01-01T00:00:00Z" }] });
  assertUnknown(judge(byOcsp, [signed, revoked]), /may be revoked: it was revoked/);
  assertGood(judge(byOcsp, [answer(byOcsp, { signer: with_() })]));
  assertUnknown(judge(byOcsp, [answer(byOcsp, { signer: with_(ocspAt(OCSP)) })]), /names no revocation list/);
  assertGood(judge(byOcsp, [answer(byOcsp, { signer: with_(at, NO_CHECK) })]));
  const nextUpdate = parseInstant("2024-05-04T00:00:00Z");
  const short = delegateOf(byOcsp.authority, { notAfter: nextUpdate });
  assertGood(judge(byOcsp, [answer(byOcsp, { signer: short })]), nextUpdate);
});

test("is unknown for a certificate whose points cannot be read", () => {
  const broken = chainOf([extension("1.3.6.1.5.5.7.1.1", octets(Buffer.of(1)), false)]);
  assertUnknown(judge(broken, [answer(broken)]), /broken/);
});

test("is unknown for certificates that are no chain", () => {
  const use = { purpose: "code-signing", signedAt: SIGNED } as const;
  const [leaf, authority, root] = byOcsp.chain as [Certificate, Certificate, Certificate];
  for (const chain of [[], [leaf, root], [authority, leaf, root], [leaf, ...both.chain.slice(1)]]) {
    assert.equal(judgeRevocation(chain, [answer(byOcsp)], [], use).kind, "unknown");
  }
  assert.equal(judgeRevocation([root], [], [], use).kind, "good");
});
