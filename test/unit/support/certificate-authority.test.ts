import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { X509Certificate } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { Agent, request } from "undici";

import { CertificateAuthority } from "../../support/certificate-authority.ts";
import { TestRegistry } from "../../support/registry.ts";

test("an authority made on the spot is one by openssl's own reading, and so is what it issued", () => {
  const folder = mkdtempSync(join(tmpdir(), "assay-ca-"));
  try {
    const authority = new CertificateAuthority("Demonstration CA");
    writeFileSync(join(folder, "ca.pem"), authority.pem);
    writeFileSync(join(folder, "server.pem"), authority.issue(["localhost", "127.0.0.1"]).cert);
    const args = ["verify", "-x509_strict", "-purpose", "sslserver", "-verify_ip", "127.0.0.1"];
    const said = execFileSync("openssl", [...args, "-CAfile", "ca.pem", "server.pem"], { cwd: folder, stdio: "pipe" });
    assert.equal(said.toString().trim(), "server.pem: OK");
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("an issued certificate holds for the hosts it names and for no other", () => {
  const { cert, ca } = new CertificateAuthority("Demonstration CA").issue(["localhost", "127.0.0.1"]);
  const issued = new X509Certificate(cert);
  assert.equal(issued.checkIssued(new X509Certificate(ca)), true);
  assert.equal(issued.verify(new X509Certificate(ca).publicKey), true);
  assert.equal(issued.ca, false);
  assert.equal(issued.checkHost("localhost"), "localhost");
  assert.equal(issued.checkIP("127.0.0.1"), "127.0.0.1");
  assert.equal(issued.checkIP("127.0.0.2"), undefined);
});

test("a registry with such a certificate is reached by who trusts the authority and by nobody else", async () => {
  const { ca, ...tls } = new CertificateAuthority("Demonstration CA").issue(["127.0.0.1"]);
  const registry = await TestRegistry.start({ tls });
  const trusting = new Agent({ connect: { ca } });
  const other = new Agent({ connect: { ca: new CertificateAuthority("Demonstration CA").pem } });
  try {
    const answer = await request(`${registry.url}/v2/`, { dispatcher: trusting });
    assert.equal(answer.statusCode, 200);
    await answer.body.dump();
    await assert.rejects(request(`${registry.url}/v2/`, { dispatcher: other }), { code: /CERT|SIGNATURE|SIGNED/ });
  } finally {
    await trusting.destroy();
    await other.destroy();
    await registry.close();
  }
});
