import { execFileSync, spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { Agent, request } from "undici";

import { digestOf } from "../../src/crypto/digest-of.ts";
import type { Digest } from "../../src/domain/digest.ts";
import type { Repository } from "../../src/domain/reference.ts";
import { issueCertificate } from "./certificates.ts";
import { freePort } from "./free-port.ts";
import type { ImageTarget } from "./image-builder.ts";
import { repositoryAt } from "./references.ts";
import { basic, type Account } from "./registry-auth.ts";
import { TokenServer } from "./token-server.ts";

export type DockerRegistryOptions = {
  readonly auth?: "none" | "basic" | "token";
  readonly tls?: boolean;
};

const ACCOUNT: Account = { username: "assay", password: "correct horse" };

/** Debian's `docker-registry` on a free port of 127.0.0.1, with a data folder of its own. */
export class DockerRegistry implements ImageTarget {
  readonly host: string;
  /** The authority to trust, where it serves TLS. */
  readonly ca: string | undefined;
  readonly account = ACCOUNT;
  readonly tokens: TokenServer | undefined;
  readonly #process: ChildProcess;
  readonly #folder: string;
  readonly #agent: Agent;

  private constructor(started: {
    readonly host: string;
    readonly ca: string | undefined;
    readonly tokens: TokenServer | undefined;
    readonly process: ChildProcess;
    readonly folder: string;
  }) {
    this.host = started.host;
    this.ca = started.ca;
    this.tokens = started.tokens;
    this.#process = started.process;
    this.#folder = started.folder;
    this.#agent = new Agent(started.ca === undefined ? {} : { connect: { ca: started.ca } });
  }

  static async start(options: DockerRegistryOptions = {}): Promise<DockerRegistry> {
    const folder = mkdtempSync(join(tmpdir(), "assay-registry-"));
    const host = `127.0.0.1:${await freePort()}`;
    const tls = options.tls === true ? issueCertificate() : undefined;
    const tokens = options.auth === "token" ? await TokenServer.start(ACCOUNT) : undefined;
    writeFileSync(
      join(folder, "config.yml"),
      configuration(folder, host, { auth: options.auth ?? "none", tls, tokens }),
    );
    const process = spawn("docker-registry", ["serve", join(folder, "config.yml")], { stdio: "ignore" });
    const registry = new DockerRegistry({ host, ca: tls?.ca, tokens, process, folder });
    await registry.#answers();
    return registry;
  }

  get url(): string {
    return `${this.ca === undefined ? "http" : "https"}://${this.host}`;
  }

  repository(path: string): Repository {
    return repositoryAt(this.host, path);
  }

  async putBlob(repository: string, bytes: Uint8Array): Promise<Digest> {
    const digest = digestOf(bytes);
    const started = await this.#send(repository, "POST", `/v2/${repository}/blobs/uploads/`);
    const target = new URL(String(started.headers["location"]), this.url);
    target.searchParams.set("digest", digest);
    const headers = { "content-type": "application/octet-stream" };
    await this.#send(repository, "PUT", `${target.pathname}${target.search}`, { bytes, headers });
    return digest;
  }

  async putManifest(
    repository: string,
    bytes: Uint8Array,
    mediaType: string,
    tags: readonly string[] = [],
  ): Promise<Digest> {
    const digest = digestOf(bytes);
    for (const name of tags.length === 0 ? [digest] : tags) {
      const headers = { "content-type": mediaType };
      await this.#send(repository, "PUT", `/v2/${repository}/manifests/${name}`, { bytes, headers });
    }
    return digest;
  }

  async close(): Promise<void> {
    const ended = this.#process.exitCode === null ? once(this.#process, "exit") : undefined;
    this.#process.kill("SIGKILL");
    await ended;
    await Promise.all([this.tokens?.close(), this.#agent.destroy()]);
    rmSync(this.#folder, { recursive: true, force: true });
  }

  async #send(
    repository: string,
    method: "POST" | "PUT" | "GET",
    path: string,
    content: { readonly bytes?: Uint8Array; readonly headers?: Record<string, string> } = {},
  ): Promise<Awaited<ReturnType<typeof request>>> {
    const authorization = this.tokens?.header(`repository:${repository}:pull,push`) ?? basic(ACCOUNT);
    const answer = await request(`${this.url}${path}`, {
      method,
      dispatcher: this.#agent,
      headers: { ...content.headers, authorization },
      body: content.bytes ?? null,
    });
    const text = await answer.body.text();
    if (answer.statusCode >= 300) throw new Error(`${method} ${path}: ${answer.statusCode} ${text.slice(0, 300)}`);
    return answer;
  }

  async #answers(): Promise<void> {
    for (let tries = 0; tries < 200; tries += 1) {
      if (this.#process.exitCode !== null) throw new Error(`docker-registry ended with ${this.#process.exitCode}`);
      const answer = await request(`${this.url}/v2/`, { dispatcher: this.#agent }).catch(() => undefined);
      await answer?.body.dump();
      if (answer !== undefined) return;
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
    throw new Error("docker-registry does not answer");
  }
}

function configuration(
  folder: string,
  host: string,
  options: {
    readonly auth: "none" | "basic" | "token";
    readonly tls: { readonly cert: string; readonly key: string } | undefined;
    readonly tokens: TokenServer | undefined;
  },
): string {
  const write = (name: string, text: string): string => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };
  const { tls, tokens } = options;
  const http = {
    addr: host,
    ...(tls && { tls: { certificate: write("cert.pem", tls.cert), key: write("key.pem", tls.key) } }),
  };
  const auth = {
    none: undefined,
    basic: {
      htpasswd: { realm: "test", path: write("htpasswd", `${ACCOUNT.username}:${bcrypt(ACCOUNT.password)}\n`) },
    },
    token: tokens && {
      token: {
        realm: tokens.realm,
        service: tokens.service,
        issuer: tokens.issuer,
        rootcertbundle: write("tokens.pem", tokens.certificate),
      },
    },
  }[options.auth];
  const storage = { filesystem: { rootdirectory: join(folder, "data") }, delete: { enabled: true } };
  // JSON is YAML, so no writer is needed.
  return JSON.stringify({ version: "0.1", log: { level: "error" }, storage, http, ...(auth && { auth }) });
}

/** docker-registry takes bcrypt only. Perl is essential in Debian, and its `crypt` is libxcrypt's, which knows it. */
function bcrypt(password: string): string {
  const program = "print crypt($ARGV[0], q($2y$05$abcdefghijklmnopqrstuu))";
  return execFileSync("perl", ["-e", program, password], { encoding: "utf8" });
}
