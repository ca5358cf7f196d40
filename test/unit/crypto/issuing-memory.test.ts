import assert from "node:assert/strict";
import { test } from "node:test";

import { parseCertificate } from "../../../src/crypto/certificate.ts";
import { rememberIssuing } from "../../../src/crypto/issuing-memory.ts";
import { verifyChain } from "../../../src/crypto/x509.ts";
import { parseInstant } from "../../../src/domain/instant.ts";
import { CA_EXTENSIONS, CODE_SIGNING, issue, purposes } from "../../support/signing/certificates.ts";

const NOW = parseInstant("2030-01-01T00:00:00Z");
const root = issue({ name: "root", extensions: CA_EXTENSIONS });
const middle = issue({
  name: "middle",
  issuer: root,
  extensions: CA_EXTENSIONS,
  notAfter: "2031-01-01T00:00:00Z",
});
const leaf = issue({ name: "leaf", issuer: middle, extensions: [purposes(false, CODE_SIGNING)] });

test("what is remembered of trusted certificates is what is seen without a memory", () => {
  const [top, between] = [parseCertificate(root.der), parseCertificate(middle.der)];
  const issued = rememberIssuing([top, between]);
  const ask = (): readonly boolean[] => [issued(between, top), issued(top, between)];
  assert.deepEqual(
    [ask(), ask()],
    [
      [true, false],
      [true, false],
    ],
  );
});

test("a stranger's certificate of a trusted one's name is never taken for it, asked before or after", () => {
  const [top, between] = [parseCertificate(root.der), parseCertificate(middle.der)];
  const forged = issue({ name: "middle", issuer: issue({ name: "root", extensions: CA_EXTENSIONS }), extensions: [] });
  const stranger = parseCertificate(forged.der);
  const issued = rememberIssuing([top, between]);
  assert.equal(issued(stranger, top), false);
  assert.equal(issued(between, top), true);
  assert.equal(issued(stranger, top), false);
  // The same bytes read again are another object, which is checked for itself.
  assert.equal(issued(parseCertificate(middle.der), top), true);
});

test("the time is asked for at every check, whatever is remembered", () => {
  const [top, between] = [parseCertificate(root.der), parseCertificate(middle.der)];
  const material = { intermediates: [between], roots: [top], issued: rememberIssuing([top, between]) };
  const verdictAt = (time: string): string =>
    verifyChain(parseCertificate(leaf.der), material, parseInstant(time), CODE_SIGNING).kind;
  assert.equal(verdictAt(NOW), "trusted");
  assert.equal(verdictAt("2031-01-02T00:00:00Z"), "untrusted");
  assert.equal(verdictAt(NOW), "trusted");
});
