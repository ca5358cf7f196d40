import { parseStrictJson } from "../crypto/strict-json.ts";
import { InputError, PortError } from "../domain/errors.ts";
import { optionalString, readStruct, type JsonObject, type JsonPlace } from "../domain/json.ts";
import { hostAndPort } from "./host-list.ts";
import type { SafeFetchAnswer } from "../ports/safe-fetch.ts";
import type { Credentials } from "./credentials.ts";
import { MAX_ERROR_BYTES } from "./limits.ts";
import type { Realm } from "./realm.ts";

/** What a token is asked for (Docker Registry v2 authentication, "Token Authentication Specification"). */
export type TokenQuestion = {
  readonly realm: Realm;
  readonly service: string | undefined;
  readonly scope: string;
  readonly credentials: Credentials | undefined;
  readonly what: string;
};

export type Token = { readonly text: string; readonly lifetimeMs: number };

/** The specification's default where the answer does not say. */
const DEFAULT_LIFETIME_S = 60;
const MAX_LIFETIME_S = 3600;
/** A token is dropped this long before it ends, or a quarter of its life before, so that it does not end on the way. */
const SKEW_MS = 10_000;

/** The HTTP request for a token: GET with basic authentication, or POST with a refresh token. */
export function tokenRequest(question: TokenQuestion): {
  readonly url: string;
  readonly method: "GET" | "POST";
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | undefined;
  readonly trustedHosts: readonly string[];
} {
  const { realm, service, scope, credentials } = question;
  const trustedHosts = realm.trusted ? [hostAndPort(realm.url)] : [];
  const fields: [string, string][] = [
    ...(service === undefined ? [] : [["service", service] as [string, string]]),
    ["scope", scope],
  ];
  if (credentials?.kind === "identity-token") {
    const form = new URLSearchParams([
      ...fields,
      ["grant_type", "refresh_token"],
      ["client_id", "assay"],
      ["refresh_token", credentials.token],
    ]);
    const headers = { "content-type": "application/x-www-form-urlencoded", accept: "application/json" };
    return { url: realm.url.href, method: "POST", headers, body: form.toString(), trustedHosts };
  }
  const url = new URL(realm.url);
  for (const [name, value] of fields) url.searchParams.append(name, value);
  const headers = credentials === undefined ? {} : { authorization: basicHeader(credentials) };
  return {
    url: url.href,
    method: "GET",
    headers: { ...headers, accept: "application/json" },
    body: undefined,
    trustedHosts,
  };
}

export function basicHeader(credentials: Extract<Credentials, { kind: "password" }>): string {
  return `Basic ${Buffer.from(`${credentials.username}:${credentials.password}`, "utf8").toString("base64")}`;
}

const FIELDS = ["token", "access_token", "expires_in", "issued_at", "refresh_token"] as const;

/** Throws `PortError` (`malformed`) for an answer without a token that can be put into a header. */
export function parseToken(answer: SafeFetchAnswer, what: string): Token {
  try {
    const name = "the token server's answer";
    const place: JsonPlace = { code: "credentials", path: name };
    const object = readStruct(
      parseStrictJson(answer.bytes, { code: "credentials", name, maxBytes: MAX_ERROR_BYTES }),
      FIELDS,
      place,
    );
    const text = optionalString(object, "token", place) ?? optionalString(object, "access_token", place) ?? "";
    if (!/^[\x21-\x7e]+$/.test(text)) throw new InputError("credentials", `${name} holds no token`);
    return { text, lifetimeMs: lifetimeOf(object) };
  } catch (error) {
    // The parser's message may quote the text it could not read, which here is a secret.
    if (error instanceof InputError) throw new PortError("malformed", what, "the token server's answer holds no token");
    throw error;
  }
}

function lifetimeOf(object: JsonObject): number {
  const stated = object.get("expires_in");
  const seconds = typeof stated === "number" && stated > 0 ? Math.min(stated, MAX_LIFETIME_S) : DEFAULT_LIFETIME_S;
  return seconds * 1000 - Math.min(SKEW_MS, seconds * 250);
}
