import { createServer, type Server } from "node:http";
import { Server as NetServer, type AddressInfo, type Socket } from "node:net";
import { setTimeout as pause } from "node:timers/promises";

import { InputError } from "../domain/errors.ts";
import { createApi, type Api, type ApiParts } from "./api.ts";
import { isLoopback } from "./origin.ts";
import { problem } from "./problem.ts";

export type Listening = {
  /** Where it listens, such as `http://127.0.0.1:7070`. */
  readonly url: string;
  /**
   * Readiness off at once; connections in use are closed by their next answer and idle ones a little later; what is in
   * flight may finish for `graceMs`. Resolves when nothing is open any more.
   */
  readonly close: (graceMs: number) => Promise<void>;
};

/** Go's transport, which Kubernetes and most clients here use, drops idle connections after 90 s: it must be first. */
const KEEP_ALIVE_MS = 95_000;
const HEADERS_MS = 10_000;
/** Head and body; bodies have their own shorter limit. */
const REQUEST_MS = 30_000;
const MAX_HEADER_BYTES = 16 * 1024;
const MAX_CONNECTIONS = 10_000;
/** So long a client may still use a kept connection after the stop began; its answer then says to close it. */
const LINGER_MS = 1000;
/** Longer than a request sent before the port closed is under way. */
const ARRIVAL_MS = 250;

/**
 * Opens the service. Throws `InputError` where it would be open to others without tokens, and if the address cannot be
 * listened on.
 */
export async function listen(
  parts: ApiParts,
  at: { readonly host: string; readonly port: number },
): Promise<Listening> {
  if (parts.access.kind === "open" && !isLoopback(at.host)) refuseOpen(at.host);
  const api = createApi(parts);
  const server = createServer(
    {
      keepAliveTimeout: KEEP_ALIVE_MS,
      headersTimeout: HEADERS_MS,
      requestTimeout: REQUEST_MS,
      connectionsCheckingInterval: 5000,
      maxHeaderSize: MAX_HEADER_BYTES,
      requireHostHeader: true,
    },
    api,
  );
  server.maxConnections = MAX_CONNECTIONS;
  server.on("clientError", refuseUnreadable);
  // A server without a socket of its own for tunnels must not leave them hanging.
  server.on("connect", (_req, socket) => socket.destroy());
  const { address, port } = await open(server, at);
  if (parts.access.kind === "open" && !isLoopback(address)) {
    server.close();
    refuseOpen(`${at.host} (${address})`);
  }
  const url = `http://${address.includes(":") ? `[${address}]` : address}:${port}`;
  return { url, close: (graceMs) => close(server, api, graceMs) };
}

function refuseOpen(host: string): never {
  throw new InputError(
    "configuration",
    `Without tokens Assay listens on loopback only, and ${host.slice(0, 80)} is not: set ASSAY_TOKENS_FILE, or listen on 127.0.0.1`,
  );
}

function open(server: Server, at: { readonly host: string; readonly port: number }): Promise<AddressInfo> {
  return new Promise((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) => {
      const why = `Cannot listen on ${at.host}:${at.port} (${error.code ?? error.name})`;
      reject(new InputError("configuration", `${why}: choose another address in ASSAY_LISTEN`, { cause: error }));
    });
    server.listen(at, () => resolve(server.address() as AddressInfo));
  });
}

/** What cannot be read as HTTP never reaches the listener; it gets a problem document all the same. */
function refuseUnreadable(error: NodeJS.ErrnoException, socket: Socket): void {
  if (!socket.writable || error.code === "ECONNRESET") {
    socket.destroy();
    return;
  }
  const { status, body, headers } =
    error.code === "ERR_HTTP_REQUEST_TIMEOUT"
      ? problem("request-timeout", "Send the whole request in time.")
      : problem("request", "This is not a request that can be read; check its line and its headers.");
  const head = `HTTP/1.1 ${status} Refused\r\ncontent-type: ${headers["content-type"] ?? ""}\r\n`;
  socket.end(`${head}content-length: ${body.byteLength}\r\nconnection: close\r\n\r\n${Buffer.from(body).toString()}`);
}

/**
 * `Server.close` of HTTP would also drop connections whose next request is on its way, so first only accepting ends, and
 * what is idle goes once requests sent by then have arrived.
 */
async function close(server: Server, api: Api, graceMs: number): Promise<void> {
  const until = performance.now() + graceMs;
  api.stop();
  await pause(Math.min(LINGER_MS, graceMs / 2));
  const closed = new Promise<void>((resolve) => void NetServer.prototype.close.call(server, () => resolve()));
  await pause(Math.min(ARRIVAL_MS, graceMs / 4));
  // Streams whose headers went out before the stop leave idle connections later on.
  const sweep = setInterval(() => server.closeIdleConnections(), 50);
  server.close();
  const cut = setTimeout(() => server.closeAllConnections(), Math.max(0, until - performance.now()));
  await closed;
  clearTimeout(cut);
  clearInterval(sweep);
}
