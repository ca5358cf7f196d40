import type { TestContext } from "node:test";
import { Writable } from "node:stream";

import { openAccess, tokenAccess, type Access } from "../../src/api/access.ts";
import type { ApiParts } from "../../src/api/api.ts";
import { listen } from "../../src/api/listen.ts";
import { hashToken, parseTokens } from "../../src/api/tokens.ts";
import { createTelemetry } from "../../src/telemetry/telemetry.ts";
import { FakeAssay, NOW } from "./fake-assay.ts";

/** Keeps log lines as text. */
export class LogLines extends Writable {
  text = "";

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.text += chunk.toString();
    done();
  }

  get lines(): readonly Record<string, unknown>[] {
    return this.text
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => JSON.parse(line) as Record<string, unknown>);
  }
}

export const TOKENS = {
  reader: "reader-token-0123456789-0123456789-abcdef",
  submitter: "submitter-token-0123456789-0123456789-abc",
  admin: "admin-token-0123456789-0123456789-abcdefg",
  scoped: "scoped-token-0123456789-0123456789-abcdef",
} as const;

export const TOKENS_FILE = `tokens:
  - { name: reader, role: reader, hash: "${hashToken(TOKENS.reader)}" }
  - { name: submitter, role: submitter, hash: "${hashToken(TOKENS.submitter)}" }
  - { name: admin, role: admin, hash: "${hashToken(TOKENS.admin)}" }
  - { name: scoped, role: submitter, hash: "${hashToken(TOKENS.scoped)}", repositories: [registry.example.com/prod] }
`;

export function withTokens(): Access {
  const tokens = parseTokens(TOKENS_FILE, "tokens.yaml");
  return tokenAccess(() => tokens);
}

export type Options = Partial<ApiParts> & { readonly level?: string };

export function apiParts(options: Options = {}) {
  const assay = new FakeAssay();
  const logs = new LogLines();
  const records = new Map<string, Uint8Array>();
  const { level = "debug", ...overrides } = options;
  const parts: ApiParts = {
    assay,
    access: openAccess(),
    clock: { now: () => NOW },
    telemetry: createTelemetry({ level, stream: logs }),
    tagMaxAgeMs: 0,
    store: { ping: () => Promise.resolve() },
    submissions: {
      get: (key) => Promise.resolve(records.get(key)),
      put: (key, bytes) => Promise.resolve(void records.set(key, bytes)),
    },
    queue: {
      ping: () => Promise.resolve(),
      counts: () => Promise.resolve({ waiting: 2, active: 1, delayed: 0, done: 0, failed: 0 }),
    },
    policies: { problem: () => undefined },
    ...overrides,
  };
  return { parts, assay, logs, records };
}

/** A listening API on a free loopback port, stopped with the test. */
export async function startApi(context: TestContext, options: Options = {}) {
  const made = apiParts(options);
  const { url, close } = await listen(made.parts, { host: "127.0.0.1", port: 0 });
  let closed: Promise<void> | undefined;
  const stop = (graceMs = 10): Promise<void> => (closed ??= close(graceMs));
  context.after(() => stop());
  const call = (path: string, init: RequestInit = {}): Promise<Response> => fetch(`${url}${path}`, init);
  const post = (path: string, body: unknown, headers: Record<string, string> = {}): Promise<Response> =>
    call(path, {
      method: "POST",
      headers: { "content-type": "application/json", ...headers },
      body: typeof body === "string" ? body : JSON.stringify(body),
    });
  return { ...made, url, stop, call, post };
}

export function bearer(token: string): Record<string, string> {
  return { authorization: `Bearer ${token}` };
}

/** The problem of an answer: its slug, with the parts every problem has already checked. */
export async function problemOf(response: Response): Promise<Record<string, unknown> & { readonly slug: string }> {
  const body = (await response.json()) as Record<string, unknown>;
  if (response.headers.get("content-type") !== "application/problem+json" || body["status"] !== response.status)
    throw new Error(`no problem document: ${response.status} ${JSON.stringify(body)}`);
  return { ...body, slug: String(body["type"]).replace("https://assay.dev/problems/", "") };
}
