import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A server certificate with its key, and the authority that signed it; all PEM. */
export type ServerCertificate = { readonly cert: string; readonly key: string; readonly ca: string };

const P256 = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];

/** A fresh authority by `openssl`, and a certificate of it for these names (`DNS:localhost`, `IP:127.0.0.1`). */
export function issueCertificate(
  names: readonly string[] = ["DNS:localhost", "IP:127.0.0.1"],
  days = 2,
): ServerCertificate {
  const folder = mkdtempSync(join(tmpdir(), "assay-ca-"));
  const run = (...args: string[]): void => void execFileSync("openssl", args, { cwd: folder, stdio: "pipe" });
  try {
    run("req", "-x509", ...P256, "-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=Assay test CA", "-days", "2");
    const server = ["-subj", "/CN=Assay test server", "-addext", `subjectAltName=${names.join(",")}`];
    run("req", ...P256, "-keyout", "key.pem", "-out", "request.pem", ...server);
    const signing = ["-CA", "ca.pem", "-CAkey", "ca.key", "-copy_extensions", "copy", "-days", String(days)];
    run("x509", "-req", "-in", "request.pem", ...signing, "-out", "cert.pem");
    const read = (name: string): string => readFileSync(join(folder, name), "utf8");
    return { cert: read("cert.pem"), key: read("key.pem"), ca: read("ca.pem") };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** A self-signed RSA certificate and key, as registries take them for signing tokens. */
export function issueTokenSigner(): { readonly cert: string; readonly key: string } {
  const folder = mkdtempSync(join(tmpdir(), "assay-signer-"));
  try {
    const args = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "key.pem", "-out", "cert.pem"];
    execFileSync("openssl", [...args, "-subj", "/CN=Assay test tokens", "-days", "2"], { cwd: folder, stdio: "pipe" });
    return { cert: readFileSync(join(folder, "cert.pem"), "utf8"), key: readFileSync(join(folder, "key.pem"), "utf8") };
  } finally {
    rmSync(folder, { recursive: true });
  }
}
