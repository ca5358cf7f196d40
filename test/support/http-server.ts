import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from "node:http";
import { createServer as createSecureServer } from "node:https";
import type { AddressInfo } from "node:net";

type Tls = { readonly cert: string; readonly key: string };
type Handler = (request: IncomingMessage, response: ServerResponse) => void;

/** A server on loopback whose paths can be changed while it runs, and which remembers what it was asked. */
export class PathServer {
  readonly asked: string[] = [];
  readonly #handlers = new Map<string, Handler>();
  readonly #scheme: "http" | "https";
  readonly #server: ReturnType<typeof createServer>;

  private constructor(tls: Tls | undefined) {
    const listener: RequestListener = (request, response) => this.#serve(request, response);
    this.#scheme = tls === undefined ? "http" : "https";
    this.#server = tls === undefined ? createServer(listener) : createSecureServer(tls, listener);
  }

  static async start(tls?: Tls): Promise<PathServer> {
    const server = new PathServer(tls);
    await new Promise<void>((resolve) => {
      server.#server.listen(0, "127.0.0.1", resolve);
    });
    return server;
  }

  get host(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  url(path: string): string {
    return `${this.#scheme}://${this.host}${path}`;
  }

  /** Serves everything below a path: bytes, or whatever the function does. */
  serve(path: string, what: Uint8Array | Handler): this {
    this.#handlers.set(path, typeof what === "function" ? what : (_request, response) => void response.end(what));
    return this;
  }

  /** Forgets all paths and all that was asked. */
  reset(): void {
    this.#handlers.clear();
    this.asked.length = 0;
  }

  async stop(): Promise<void> {
    const closed = new Promise((resolve) => {
      this.#server.close(resolve);
    });
    this.#server.closeAllConnections();
    await closed;
  }

  #serve(request: IncomingMessage, response: ServerResponse): void {
    const { pathname } = new URL(request.url ?? "/", "http://localhost");
    this.asked.push(`${request.method} ${pathname}`);
    const prefixes = [...this.#handlers.keys()].filter((path) => pathname.startsWith(path));
    const handler = this.#handlers.get(prefixes.sort((a, b) => b.length - a.length)[0] ?? "");
    if (handler === undefined) response.writeHead(404).end("not found");
    else handler(request, response);
  }
}
