import { execFile, spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

import { Agent, request } from "undici";

import { hexOf, type Digest } from "../../src/domain/digest.ts";
import { issueCertificate, type ServerCertificate } from "./certificates.ts";
import { freePort } from "./free-port.ts";
import type { Account } from "./registry-auth.ts";
import { TokenServer } from "./token-server.ts";

export type NotaryOptions = {
  /** Who holds the keys of timestamps: the server itself (Ed25519), or Debian's `notary-signer` (ECDSA). */
  readonly keys?: "server" | "signer";
  readonly tls?: boolean;
  readonly auth?: "none" | "token";
};

const ACCOUNT: Account = { username: "assay", password: "correct horse" };
const PASSPHRASE = "correct horse battery";
const run = promisify(execFile);

/** Debian's `notary-server` on a free port of 127.0.0.1 with everything in memory, and Debian's `notary` to fill it. */
export class NotaryService {
  readonly host: string;
  readonly ca: string | undefined;
  readonly account = ACCOUNT;
  readonly tokens: TokenServer | undefined;
  readonly #folder: string;
  #processes: ChildProcess[] = [];

  private constructor(
    host: string,
    folder: string,
    tls: ServerCertificate | undefined,
    tokens: TokenServer | undefined,
  ) {
    this.host = host;
    this.#folder = folder;
    this.ca = tls?.ca;
    this.tokens = tokens;
  }

  static async start(options: NotaryOptions = {}): Promise<NotaryService> {
    const folder = mkdtempSync(join(tmpdir(), "assay-notary-"));
    const host = `127.0.0.1:${await freePort()}`;
    const tls = options.tls === true ? issueCertificate() : undefined;
    const tokens = options.auth === "token" ? await TokenServer.start(ACCOUNT) : undefined;
    const service = new NotaryService(host, folder, tls, tokens);
    const trust = options.keys === "signer" ? await service.#startSigner() : SELF;
    const files = {
      ...(tls && {
        tls_cert_file: service.#write("cert.pem", tls.cert),
        tls_key_file: service.#write("key.pem", tls.key),
      }),
    };
    service.#write(
      "server.json",
      JSON.stringify({
        server: { http_addr: host, ...files },
        trust_service: trust,
        logging: { level: "error" },
        storage: { backend: "memory" },
        ...(tokens && {
          auth: {
            type: "token",
            options: {
              realm: tokens.realm,
              service: tokens.service,
              issuer: tokens.issuer,
              rootcertbundle: service.#write("tokens.pem", tokens.certificate),
            },
          },
        }),
      }),
    );
    if (tls !== undefined) service.#write("ca.pem", tls.ca);
    await service.restart();
    return service;
  }

  get url(): string {
    return `${this.ca === undefined ? "http" : "https"}://${this.host}`;
  }

  /** Starts the server, without anything it held before. */
  async restart(): Promise<void> {
    await this.stop();
    this.#spawn("notary-server", "server.json");
    await this.#answers();
  }

  /** Ends the server; what it held is gone. */
  async stop(): Promise<void> {
    await Promise.all(this.#processes.filter(({ spawnfile }) => spawnfile === "notary-server").map(end));
    this.#processes = this.#processes.filter(({ spawnfile }) => spawnfile !== "notary-server");
  }

  /** Runs Debian's client; throws with what it said. */
  async client(...args: readonly string[]): Promise<string> {
    const ca = this.ca === undefined ? [] : ["--tlscacert", join(this.#folder, "ca.pem")];
    const base = ["-s", this.url, "-d", join(this.#folder, "client"), ...ca];
    const env = {
      ...process.env,
      ...Object.fromEntries(
        ["ROOT", "TARGETS", "SNAPSHOT", "DELEGATION"].map((role) => [`NOTARY_${role}_PASSPHRASE`, PASSPHRASE]),
      ),
      NOTARY_AUTH: Buffer.from(`${ACCOUNT.username}:${ACCOUNT.password}`).toString("base64"),
    };
    const running = run("notary", [...base, ...args], { env });
    // It asks whether a root key is really to be replaced.
    running.child.stdin?.end("yes\n");
    const { stdout } = await running;
    return stdout;
  }

  async init(gun: string): Promise<void> {
    await this.client("init", "-p", gun);
  }

  /** Signs a digest under a name, by a role if one is given. */
  async sign(gun: string, name: string, digest: Digest, role?: string): Promise<void> {
    const by = role === undefined ? [] : ["--roles", role];
    await this.client("addhash", "-p", ...by, gun, name, "1234", "--sha256", hexOf(digest));
  }

  /** A delegation with a key that the client may sign with from now on; gives the PEM of its certificate. */
  async delegate(gun: string, role: string): Promise<string> {
    const name = role.replaceAll("/", "-");
    const [key, cert] = [`${name}.key`, `${name}.crt`].map((file) => join(this.#folder, file)) as [string, string];
    const subject = ["-subj", `/CN=${name}`, "-days", "2"];
    const pair = ["-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", cert];
    await run("openssl", ["req", "-x509", ...pair, ...subject]);
    await this.client("delegation", "add", "-p", gun, role, cert, "--all-paths");
    await this.client("key", "import", key, "--role", role, "--gun", gun);
    return readFileSync(cert, "utf8");
  }

  /** One file as the server gives it now. */
  async file(gun: string, name: string): Promise<Buffer> {
    const agent = new Agent(this.ca === undefined ? {} : { connect: { ca: this.ca } });
    try {
      const authorization = this.tokens?.header(`repository:${gun}:pull`) ?? "";
      const url = `${this.url}/v2/${gun}/_trust/tuf/${name}`;
      const answer = await request(url, { dispatcher: agent, headers: { authorization } });
      return Buffer.from(await answer.body.arrayBuffer());
    } finally {
      await agent.close();
    }
  }

  /** The certificate of the newest root key, which an operator would pin. */
  async rootCertificate(gun: string): Promise<string> {
    const { signed } = JSON.parse((await this.file(gun, "root.json")).toString()) as {
      signed: {
        keys: Record<string, { keyval: { public: string } }>;
        roles: { root: { keyids: readonly string[] } };
      };
    };
    const text = signed.keys[signed.roles.root.keyids[0] ?? ""]?.keyval.public ?? "";
    return Buffer.from(text, "base64").toString();
  }

  async close(): Promise<void> {
    await Promise.all(this.#processes.map(end));
    await this.tokens?.close();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #write(name: string, text: string): string {
    const path = join(this.#folder, name);
    writeFileSync(path, text, { mode: 0o600 });
    return path;
  }

  #spawn(program: string, config: string): void {
    this.#processes.push(spawn(program, [`-config=${join(this.#folder, config)}`], { stdio: "ignore" }));
  }

  /** Server and signer prove themselves to each other by certificates of one authority. */
  async #startSigner(): Promise<object> {
    const { cert, key, ca } = issueCertificate();
    const [certFile, keyFile, caFile] = [
      this.#write("signer.pem", cert),
      this.#write("signer-key.pem", key),
      this.#write("signer-ca.pem", ca),
    ];
    const port = await freePort();
    this.#write(
      "signer.json",
      JSON.stringify({
        server: {
          grpc_addr: `127.0.0.1:${port}`,
          tls_cert_file: certFile,
          tls_key_file: keyFile,
          client_ca_file: caFile,
        },
        logging: { level: "error" },
        storage: { backend: "memory" },
      }),
    );
    this.#spawn("notary-signer", "signer.json");
    return {
      type: "remote",
      hostname: "127.0.0.1",
      port: String(port),
      key_algorithm: "ecdsa",
      tls_ca_file: caFile,
      tls_client_cert: certFile,
      tls_client_key: keyFile,
    };
  }

  async #answers(): Promise<void> {
    const agent = new Agent(this.ca === undefined ? {} : { connect: { ca: this.ca } });
    try {
      for (let tries = 0; tries < 400; tries += 1) {
        const ended = this.#processes.find(({ exitCode }) => exitCode !== null);
        if (ended !== undefined) throw new Error(`${ended.spawnfile} ended with ${ended.exitCode}`);
        const answer = await request(`${this.url}/_notary_server/health`, { dispatcher: agent }).catch(() => undefined);
        await answer?.body.dump();
        if (answer?.statusCode === 200) return;
        await new Promise((resolve) => setTimeout(resolve, 25));
      }
      throw new Error("notary-server does not answer");
    } finally {
      await agent.close();
    }
  }
}

const SELF = { type: "local", hostname: "", port: "", key_algorithm: "ed25519" };

async function end(child: ChildProcess): Promise<void> {
  const ended = child.exitCode === null && child.signalCode === null ? once(child, "exit") : undefined;
  child.kill("SIGKILL");
  await ended;
}
