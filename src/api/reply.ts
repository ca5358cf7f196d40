import type { IncomingMessage, ServerResponse } from "node:http";

export type Headers = Readonly<Record<string, string>>;

/** What a route answers, before anything is written. */
export type Reply =
  | { readonly kind: "bytes"; readonly status: number; readonly headers: Headers; readonly body: Uint8Array }
  | { readonly kind: "stream"; readonly headers: Headers; readonly run: (out: StreamOut) => Promise<void> };

/** Where a stream writes. `write` waits while the reader is slow; `signal` fires when nobody reads any more. */
export type StreamOut = { readonly write: (text: string) => Promise<void>; readonly signal: AbortSignal };

export const JSON_TYPE = "application/json; charset=utf-8";

/** On every answer: nothing of it may be guessed, stored, framed or run. */
const SECURITY_HEADERS = {
  "x-content-type-options": "nosniff",
  "cache-control": "no-store",
  "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
  "referrer-policy": "no-referrer",
} as const;

export function bytesReply(status: number, body: Uint8Array, headers: Headers): Extract<Reply, { kind: "bytes" }> {
  return { kind: "bytes", status, headers, body };
}

export function jsonReply(status: number, value: unknown, headers: Headers = {}): Extract<Reply, { kind: "bytes" }> {
  return bytesReply(status, Buffer.from(JSON.stringify(value)), { "content-type": JSON_TYPE, ...headers });
}

/** Writes a whole answer at once, with its length. */
export function sendBytes(res: ServerResponse, reply: Extract<Reply, { kind: "bytes" }>, headers: Headers): void {
  res.writeHead(reply.status, {
    ...SECURITY_HEADERS,
    ...headers,
    ...reply.headers,
    "content-length": reply.body.byteLength,
  });
  res.end(reply.body);
}

/** Writes an answer as it comes. A HEAD gets the headers alone. */
export async function sendStream(
  exchange: { readonly req: IncomingMessage; readonly res: ServerResponse; readonly signal: AbortSignal },
  reply: Extract<Reply, { kind: "stream" }>,
  headers: Headers,
): Promise<void> {
  const { req, res, signal } = exchange;
  res.writeHead(200, { ...SECURITY_HEADERS, ...headers, ...reply.headers });
  if (req.method !== "HEAD") {
    res.flushHeaders();
    await reply.run({ signal, write: (text) => writeText(res, text, signal) });
  }
  res.end();
}

function writeText(res: ServerResponse, text: string, signal: AbortSignal): Promise<void> {
  if (signal.aborted || res.write(text)) return Promise.resolve();
  return new Promise((resolve) => {
    const done = (): void => {
      res.off("drain", done);
      signal.removeEventListener("abort", done);
      resolve();
    };
    res.once("drain", done);
    signal.addEventListener("abort", done, { once: true });
  });
}
