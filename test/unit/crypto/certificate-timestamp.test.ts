import assert from "node:assert/strict";
import { test } from "node:test";

import { checkCertificateLog } from "../../../src/crypto/certificate-timestamp.ts";
import { parseCertificate } from "../../../src/crypto/certificate.ts";
import { logOfPem, type TransparencyLog } from "../../../src/crypto/transparency-log.ts";
import { parseInstant } from "../../../src/domain/instant.ts";
import { VirtualCertificateLog } from "../../support/signing/certificate-log.ts";
import { CA_EXTENSIONS, CODE_SIGNING, issue, purposes, type Issued } from "../../support/signing/certificates.ts";

const AT = "2024-05-01T12:00:00.123Z";
const log = new VirtualCertificateLog();
const ISSUER = issue({ name: "issuer", extensions: CA_EXTENSIONS });
const leaf = log.issue({ name: "leaf", issuer: ISSUER, extensions: [purposes(false, CODE_SIGNING)] }, Date.parse(AT));

function trusted(notBefore?: string, notAfter?: string): TransparencyLog {
  const at = (text: string | undefined): TransparencyLog["notAfter"] =>
    text === undefined ? undefined : parseInstant(text);
  return { ...logOfPem(log.key.pem, "the log"), notBefore: at(notBefore), notAfter: at(notAfter) };
}

function outcome(logs: readonly TransparencyLog[], certificate: Issued = leaf, issuer: Issued = ISSUER): string {
  const check = checkCertificateLog(parseCertificate(certificate.der), parseCertificate(issuer.der), logs);
  return check.kind === "proved" ? "proved" : `${check.kind}: ${check.detail}`;
}

test("a promise is proved from the very first to the very last millisecond at which its log is trusted", () => {
  assert.equal(outcome([trusted()]), "proved");
  assert.equal(outcome([trusted(AT)]), "proved");
  assert.equal(outcome([trusted(undefined, AT)]), "proved");
  assert.match(outcome([trusted("2024-05-01T12:00:00.124Z")]), /^invalid: .* of a time/);
  assert.match(outcome([trusted(undefined, "2024-05-01T12:00:00.122Z")]), /^invalid: .* of a time/);
  assert.equal(outcome([trusted("2025-01-01T00:00:00Z"), trusted("2020-01-01T00:00:00Z")]), "proved");
});

test("a promise is for one certificate of one issuer by one log", () => {
  const other = issue({ name: "issuer", extensions: CA_EXTENSIONS });
  assert.match(outcome([trusted()], leaf, other), /^invalid: .* not the log's word for this certificate/);
  const stranger = new VirtualCertificateLog();
  assert.match(outcome([logOfPem(stranger.key.pem, "another log")]), /^invalid: .* no certificate transparency log/);
  const impostor = { ...logOfPem(stranger.key.pem, "another log"), id: trusted().id };
  assert.match(outcome([impostor]), /^invalid: .* not the log's word/);
  assert.equal(outcome([impostor, trusted()]), "proved");
  const bare = issue({ name: "leaf", issuer: ISSUER, extensions: [purposes(false, CODE_SIGNING)] });
  assert.match(outcome([trusted()], bare), /^missing/);
});
