import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A certificate and its private key, both PEM. */
export type KeyPair = { readonly certificate: string; readonly key: string };

/** One line of what `openssl ca` knows of a certificate; without a time of revocation it is valid. */
export type Registered = {
  /** Hex, of an even number of digits. */
  readonly serial: string;
  readonly revoked?: string;
};

/** An authority's database as `openssl ocsp` and `openssl ca` read it, in a temporary folder. */
export class OpensslAuthority implements Disposable {
  readonly #folder = mkdtempSync(join(tmpdir(), "assay-openssl-"));

  constructor(authority: KeyPair, registered: readonly Registered[]) {
    const lines = registered.map(({ serial, revoked = "" }) =>
      [revoked === "" ? "V" : "R", "400101000000Z", revoked, serial.toUpperCase(), "unknown", `/CN=${serial}`].join(
        "\t",
      ),
    );
    this.#write("index.txt", lines.map((line) => `${line}\n`).join(""));
    this.#write("crlnumber", "1000\n");
    this.#write("ca.pem", authority.certificate);
    this.#write("ca.key", authority.key);
    const settings = ["database=index.txt", "crlnumber=crlnumber", "certificate=ca.pem", "private_key=ca.key"];
    this.#write("ca.cnf", ["[ca]", "default_ca=it", "[it]", ...settings, "default_md=sha256", ""].join("\n"));
  }

  /** The DER of an OCSPResponse to a request. */
  answer(request: Uint8Array, signer: KeyPair, ...more: readonly string[]): Buffer {
    this.#write("request", request);
    this.#write("signer.pem", signer.certificate);
    this.#write("signer.key", signer.key);
    const authority = ["-index", "index.txt", "-CA", "ca.pem", "-rsigner", "signer.pem", "-rkey", "signer.key"];
    this.#run("ocsp", ...authority, "-reqin", "request", "-respout", "response", "-ndays", "7", ...more);
    return readFileSync(join(this.#folder, "response"));
  }

  /** The DER of the authority's list. */
  list(): Buffer {
    this.#run("ca", "-config", "ca.cnf", "-gencrl", "-crldays", "7", "-out", "list.pem");
    this.#run("crl", "-in", "list.pem", "-outform", "DER", "-out", "list.der");
    return readFileSync(join(this.#folder, "list.der"));
  }

  [Symbol.dispose](): void {
    rmSync(this.#folder, { recursive: true });
  }

  #write(name: string, content: string | Uint8Array): void {
    writeFileSync(join(this.#folder, name), content);
  }

  #run(...args: readonly string[]): void {
    execFileSync("openssl", args, { cwd: this.#folder, stdio: "pipe" });
  }
}
