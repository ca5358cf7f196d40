import { timingSafeEqual } from "node:crypto";
import { readFile } from "node:fs/promises";

import { InputError } from "../domain/errors.ts";
import type { Events } from "../telemetry/events.ts";
import type { Subject } from "./subject.ts";
import { findSubject, parseTokens, type Token } from "./tokens.ts";

export type Authentication =
  | { readonly kind: "subject"; readonly subject: Subject }
  | { readonly kind: "refused"; readonly why: "no-credentials" | "bad-credentials" };

/** Tells who calls. `open` has no tokens: whoever reaches the loopback address is the operator. */
export interface Access {
  readonly kind: "open" | "tokens";
  /** `connection` is the object that stands for the caller's connection. */
  authenticate(authorization: string | undefined, connection: object): Authentication;
  close(): void;
}

const OPERATOR: Subject = { name: "local", role: "admin", repositories: undefined };

/** For loopback alone; `listen` refuses it elsewhere. */
export function openAccess(): Access {
  return { kind: "open", authenticate: () => ({ kind: "subject", subject: OPERATOR }), close: () => undefined };
}

// RFC 6750, 2.1; the scheme's name knows no case (RFC 9110, 11.1).
const BEARER = /^Bearer ([\x21-\x7e]{1,512})$/i;

/** What a connection presented last, and what that was worth under which tokens. */
type Presented = { readonly header: Uint8Array; readonly tokens: readonly Token[]; readonly subject: Subject };

export function tokenAccess(tokens: () => readonly Token[], close: () => void = () => undefined): Access {
  // A kept connection sends the same header with each call: it need be hashed once, until the tokens change.
  const last = new WeakMap<object, Presented>();
  const authenticate = (authorization: string | undefined, connection: object): Authentication => {
    if (authorization === undefined) return { kind: "refused", why: "no-credentials" };
    const header = Buffer.from(authorization);
    const known = last.get(connection);
    if (known !== undefined && known.tokens === tokens() && isEqual(known.header, header))
      return { kind: "subject", subject: known.subject };
    const token = BEARER.exec(authorization)?.[1];
    const subject = token === undefined ? undefined : findSubject(tokens(), token);
    if (subject === undefined) return { kind: "refused", why: "bad-credentials" };
    last.set(connection, { header, tokens: tokens(), subject });
    return { kind: "subject", subject };
  };
  return { kind: "tokens", authenticate, close };
}

/** In constant time: behind a proxy a connection may carry calls of several callers. */
function isEqual(a: Uint8Array, b: Uint8Array): boolean {
  return a.byteLength === b.byteLength && timingSafeEqual(a, b);
}

/** A revoked token must be dead within a minute (reliability T-API-05): looking every 10 s leaves room for a slow disk. */
const POLL_MS = 10_000;
/** How long the last good tokens are believed once the file cannot be read: an editor's half-written file, not a policy. */
const GRACE_MS = 45_000;

type FileOptions = {
  readonly file: string;
  readonly events: Pick<Events, "tokensReloaded" | "tokensRefused">;
  readonly pollMs?: number;
  readonly graceMs?: number;
};

/**
 * Tokens from a file that is read again while the service runs, whatever way it was replaced. Throws `InputError` if it
 * cannot be used now; if it stops being usable later, all tokens are dead after a short grace.
 */
export async function openTokensFile(options: FileOptions): Promise<Access> {
  const { file, events, pollMs = POLL_MS, graceMs = GRACE_MS } = options;
  let text = await readTokens(file);
  let tokens = parseTokens(text, file);
  let goodAt = performance.now();
  let refusedText: string | undefined;
  events.tokensReloaded(tokens.length);
  const refuse = (reason: string, seen: string): void => {
    if (refusedText !== seen) events.tokensRefused(reason);
    refusedText = seen;
    if (performance.now() - goodAt >= graceMs) tokens = [];
  };
  const reload = async (): Promise<void> => {
    let next = "";
    try {
      next = await readTokens(file);
      const parsed = next === text && tokens.length > 0 ? tokens : parseTokens(next, file);
      if (parsed !== tokens) events.tokensReloaded(parsed.length);
      [tokens, text, goodAt, refusedText] = [parsed, next, performance.now(), undefined];
    } catch (error) {
      refuse(error instanceof InputError ? error.message : `The tokens file ${file} cannot be read`, next);
    }
  };
  const timer = setInterval(() => void reload(), pollMs).unref();
  return tokenAccess(
    () => tokens,
    () => clearInterval(timer),
  );
}

async function readTokens(file: string): Promise<string> {
  try {
    return await readFile(file, { encoding: "utf8", signal: AbortSignal.timeout(5000) });
  } catch (error) {
    throw new InputError(
      "credentials",
      `The tokens file ${file} cannot be read: check ASSAY_TOKENS_FILE and the file's permissions`,
      { cause: error },
    );
  }
}
