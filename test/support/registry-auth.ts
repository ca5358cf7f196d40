import { randomBytes } from "node:crypto";
import type { IncomingMessage } from "node:http";

import type { Reply } from "./faults.ts";

export type Account = { readonly username: string; readonly password: string; readonly identityToken?: string };

/** How a registry wants to be asked. A bearer registry without an account gives tokens to anybody. */
export type RegistryAuth =
  | { readonly kind: "none" }
  | { readonly kind: "basic"; readonly account: Account }
  | {
      readonly kind: "bearer";
      readonly account?: Account;
      /** Where tokens are given; by default `/token` on the registry itself. */
      readonly realm?: string;
      readonly service?: string;
      /** Seconds, stated in the answer and enforced. */
      readonly lifetime?: number;
    };

type Issued = { readonly scope: string; readonly until: number };

/** Challenges requests and gives tokens for one registry. */
export class RegistryGate {
  readonly auth: RegistryAuth;
  readonly #tokens = new Map<string, Issued>();

  constructor(auth: RegistryAuth) {
    this.auth = auth;
  }

  /** The 401 for a request that may not pass, or nothing. */
  refuse(request: IncomingMessage, scope: string, ownRealm: string): Reply | undefined {
    const { auth } = this;
    const given = request.headers.authorization;
    if (auth.kind === "none") return undefined;
    if (auth.kind === "basic") return given === basic(auth.account) ? undefined : challenge(`Basic realm="test"`);
    const issued = this.#tokens.get(given?.replace(/^Bearer /, "") ?? "");
    if (issued !== undefined && issued.scope === scope && issued.until > Date.now()) return undefined;
    const realm = auth.realm ?? ownRealm;
    return challenge(`Bearer realm="${realm}",service="${auth.service ?? "test-registry"}",scope="${scope}"`);
  }

  /** Forgets every token, as a registry whose signing key changed. */
  revokeAll(): void {
    this.#tokens.clear();
  }

  /** What the token server answers; `body` is the form of a POST. */
  token(request: IncomingMessage, body: string): Reply {
    const { auth } = this;
    if (auth.kind !== "bearer") return json(404, {});
    const form =
      request.method === "POST" ? new URLSearchParams(body) : new URL(request.url ?? "/", "http://x").searchParams;
    if (auth.account !== undefined && !isKnown(auth.account, request, form))
      return json(401, { details: "who are you" });
    const token = randomBytes(24).toString("base64url");
    const lifetime = auth.lifetime ?? 300;
    this.#tokens.set(token, { scope: form.get("scope") ?? "", until: Date.now() + lifetime * 1000 });
    const name = request.method === "POST" ? "access_token" : "token";
    return json(200, { [name]: token, expires_in: lifetime });
  }
}

function isKnown(account: Account, request: IncomingMessage, form: URLSearchParams): boolean {
  if (request.method === "POST")
    return form.get("refresh_token") === account.identityToken && form.has("refresh_token");
  return request.headers.authorization === basic(account);
}

export function basic({ username, password }: Account): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}`;
}

function challenge(header: string): Reply {
  const reply = json(401, { errors: [{ code: "UNAUTHORIZED", message: "authentication required" }] });
  return { ...reply, headers: { ...reply.headers, "www-authenticate": header } };
}

export function json(status: number, value: unknown): Reply {
  return { status, headers: { "content-type": "application/json" }, body: Buffer.from(JSON.stringify(value)) };
}
