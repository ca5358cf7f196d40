import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { bodyOf } from "./request-body.ts";
import { CA_EXTENSIONS, issue, TSA_EXTENSIONS, type Issued } from "./signing/certificates.ts";
import { subjectOf } from "./signing/fulcio-authority.ts";

/** A timestamp authority whose tokens `openssl ts` makes (RFC 3161 over HTTP, section 3.4). */
export class TimestampServer {
  readonly root: Issued;
  readonly leaf: Issued;
  readonly #folder = mkdtempSync(join(tmpdir(), "assay-tsa-"));

  constructor(name: string, notAfter = "2070-01-01T00:00:00Z") {
    const subject = (role: string): Buffer => subjectOf(["2.5.4.6", "US"], ["2.5.4.10", name], ["2.5.4.3", role]);
    this.root = issue({ name, subject: subject("timestamp root"), notAfter, extensions: CA_EXTENSIONS });
    this.leaf = issue({
      name,
      subject: subject("timestamps"),
      issuer: this.root,
      notAfter,
      extensions: TSA_EXTENSIONS,
    });
    this.#write("tsa.conf", CONFIGURATION);
    this.#write("serial", "01");
    this.#write("leaf.pem", this.leaf.pem);
    this.#write("root.pem", this.root.pem);
    this.#write("leaf.key", this.leaf.key.privateKey.export({ type: "pkcs8", format: "pem" }).toString());
  }

  async start(): Promise<{ readonly url: string; readonly close: () => void }> {
    const server = createServer((request, response) => {
      void bodyOf(request).then((query) => {
        response.writeHead(200, { "content-type": "application/timestamp-reply" }).end(this.#reply(query));
      });
    });
    await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as AddressInfo;
    const close = (): void => {
      server.close();
      rmSync(this.#folder, { recursive: true });
    };
    return { url: `http://127.0.0.1:${port}`, close };
  }

  /** As a member of `timestampAuthorities` of a trusted root. */
  trust(): object {
    return {
      subject: { organization: "example.com", commonName: "timestamps" },
      uri: "https://timestamp.example.com",
      certChain: { certificates: [this.leaf, this.root].map((each) => ({ rawBytes: each.der.toString("base64") })) },
      validFor: { start: "2020-01-01T00:00:00Z" },
    };
  }

  #reply(query: Buffer): Buffer {
    this.#write("query", query);
    const signer = ["-inkey", "leaf.key", "-signer", "leaf.pem", "-chain", "root.pem"];
    const files = ["-config", "tsa.conf", "-queryfile", "query", "-out", "reply"];
    execFileSync("openssl", ["ts", "-reply", ...files, ...signer], { cwd: this.#folder, stdio: "pipe" });
    return readFileSync(join(this.#folder, "reply"));
  }

  #write(name: string, content: string | Buffer): void {
    writeFileSync(join(this.#folder, name), content);
  }
}

const CONFIGURATION = `
[tsa]
default_tsa = authority
[authority]
serial = serial
signer_digest = sha256
default_policy = 1.3.6.1.4.1.57264.2
digests = sha256, sha384, sha512
accuracy = secs:1
ess_cert_id_alg = sha256
`;
