import type { ServerResponse } from "node:http";

/** What a reply would have been. */
export type Reply = { readonly status: number; readonly headers: Record<string, string>; readonly body: Buffer };

/** How a reply goes wrong. */
export type Fault =
  | {
      readonly kind: "status";
      readonly status: number;
      readonly headers?: Record<string, string>;
      readonly body?: string;
    }
  /** Waits before the headers. */
  | { readonly kind: "delay"; readonly ms: number }
  /** Waits before the headers until this ends. */
  | { readonly kind: "hold"; readonly until: Promise<unknown> }
  /** Never answers. */
  | { readonly kind: "silence" }
  /** Cuts the connection before a byte is sent. */
  | { readonly kind: "reset" }
  /** States the whole length, sends half, cuts the connection. */
  | { readonly kind: "truncate" }
  /** Sends half of it, and says so: a whole answer that is too short. */
  | { readonly kind: "short" }
  /** One bit of the body is another. */
  | { readonly kind: "corrupt" }
  | { readonly kind: "content-type"; readonly value: string }
  /** One byte at a time. */
  | { readonly kind: "drip"; readonly everyMs: number }
  /** After the body, more bytes without end. */
  | { readonly kind: "endless" }
  | { readonly kind: "redirect"; readonly to: string; readonly status?: number }
  /** Adds or replaces headers: `link`, `docker-content-digest`, `content-encoding`. */
  | { readonly kind: "headers"; readonly headers: Record<string, string> }
  /** States a length that is not the body's. */
  | { readonly kind: "content-length"; readonly value: number };

/** Sends a reply the wrong way. */
export async function sendFaulty(response: ServerResponse, reply: Reply, fault: Fault): Promise<void> {
  switch (fault.kind) {
    case "status":
      return sendReply(response, {
        status: fault.status,
        headers: fault.headers ?? {},
        body: Buffer.from(fault.body ?? ""),
      });
    case "delay":
      await new Promise((resolve) => setTimeout(resolve, fault.ms));
      return sendReply(response, reply);
    case "hold":
      await fault.until;
      return sendReply(response, reply);
    case "silence":
      return undefined;
    case "reset":
      return void response.socket?.resetAndDestroy();
    case "truncate":
      return sendTruncated(response, reply);
    case "short":
      return sendReply(response, { ...reply, body: half(reply.body) });
    case "corrupt":
      return sendReply(response, { ...reply, body: flipped(reply.body) });
    case "content-type":
      return sendReply(response, { ...reply, headers: { ...reply.headers, "content-type": fault.value } });
    case "drip":
      return drip(response, reply, fault.everyMs);
    case "endless":
      return sendEndless(response, reply);
    case "redirect":
      return sendReply(response, {
        status: fault.status ?? 307,
        headers: { location: fault.to },
        body: Buffer.alloc(0),
      });
    case "headers":
      return sendReply(response, { ...reply, headers: { ...reply.headers, ...fault.headers } });
    case "content-length":
      return sendWithLength(response, reply, fault.value);
  }
}

export function sendReply(response: ServerResponse, { status, headers, body }: Reply): void {
  response.writeHead(status, { ...headers, "content-length": body.byteLength });
  response.end(response.req.method === "HEAD" ? undefined : body);
}

function half(body: Buffer): Buffer {
  return body.subarray(0, Math.floor(body.byteLength / 2));
}

function flipped(body: Buffer): Buffer {
  const copy = Buffer.from(body);
  const at = copy.byteLength - 1;
  if (at >= 0) copy[at] = (copy[at] ?? 0) ^ 1;
  return copy;
}

function sendTruncated(response: ServerResponse, reply: Reply): void {
  response.writeHead(reply.status, { ...reply.headers, "content-length": reply.body.byteLength });
  response.write(half(reply.body), () => response.socket?.destroy());
}

async function drip(response: ServerResponse, reply: Reply, everyMs: number): Promise<void> {
  response.writeHead(reply.status, { ...reply.headers, "content-length": reply.body.byteLength });
  for (const byte of reply.body) {
    if (response.destroyed) return;
    response.write(Buffer.from([byte]));
    await new Promise((resolve) => setTimeout(resolve, everyMs));
  }
  response.end();
}

function sendEndless(response: ServerResponse, reply: Reply): void {
  const more = Buffer.alloc(64 * 1024, 0x20);
  response.writeHead(reply.status, reply.headers);
  response.write(reply.body);
  const pump = (): void => {
    while (!response.destroyed && response.write(more)) continue;
  };
  response.on("drain", pump);
  pump();
}

/** Written past the HTTP layer, which would not let a false length out. */
function sendWithLength(response: ServerResponse, reply: Reply, length: number): void {
  const { socket } = response;
  const headers = Object.entries({ ...reply.headers, "content-length": String(length) });
  const head = `HTTP/1.1 ${reply.status} x\r\n${headers.map(([name, value]) => `${name}: ${value}\r\n`).join("")}\r\n`;
  socket?.write(head);
  socket?.end(reply.body);
}
