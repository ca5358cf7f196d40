import { createSign, randomUUID } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

import { issueTokenSigner } from "./certificates.ts";
import { basic, type Account } from "./registry-auth.ts";

/** Gives the signed tokens that docker-registry checks by itself (its "Token Authentication Implementation"). */
export class TokenServer {
  readonly service = "assay-test-registry";
  readonly issuer = "assay-test-tokens";
  readonly certificate: string;
  /** The scopes that were asked for, in order. */
  readonly asked: string[] = [];
  readonly #key: string;
  readonly #account: Account;
  readonly #server: Server;

  private constructor(account: Account) {
    const signer = issueTokenSigner();
    this.certificate = signer.cert;
    this.#key = signer.key;
    this.#account = account;
    this.#server = createServer((request, response) => this.#serve(request, response));
  }

  static async start(account: Account): Promise<TokenServer> {
    const tokens = new TokenServer(account);
    tokens.#server.listen(0, "127.0.0.1");
    await once(tokens.#server, "listening");
    return tokens;
  }

  get host(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  get realm(): string {
    return `http://${this.host}/token`;
  }

  /** An `Authorization` header that allows what the scope says. */
  header(scope: string): string {
    return `Bearer ${this.#sign(scope)}`;
  }

  async close(): Promise<void> {
    this.#server.close();
    this.#server.closeAllConnections();
    await once(this.#server, "close");
  }

  #serve(request: IncomingMessage, response: ServerResponse): void {
    const scope = new URL(request.url ?? "/", this.realm).searchParams.get("scope") ?? "";
    this.asked.push(scope);
    const known = request.headers.authorization === basic(this.#account);
    response.writeHead(known ? 200 : 401, { "content-type": "application/json" });
    response.end(JSON.stringify(known ? { token: this.#sign(scope), expires_in: 300 } : {}));
  }

  #sign(scope: string): string {
    const now = Math.floor(Date.now() / 1000);
    // A name may hold a port.
    const [, type = "", name = "", actions = ""] = /^([^:]*):(.*):([^:]*)$/.exec(scope) ?? [];
    const der = this.certificate.replaceAll(/-----[^-]+-----|\s/g, "");
    const header = { typ: "JWT", alg: "RS256", x5c: [der] };
    const claims = {
      iss: this.issuer,
      sub: this.#account.username,
      aud: this.service,
      exp: now + 300,
      nbf: now - 10,
      iat: now,
      jti: randomUUID(),
      access: [{ type, name, actions: actions.split(",") }],
    };
    const signed = [header, claims].map((part) => Buffer.from(JSON.stringify(part)).toString("base64url")).join(".");
    return `${signed}.${createSign("RSA-SHA256").update(signed).sign(this.#key, "base64url")}`;
  }
}
