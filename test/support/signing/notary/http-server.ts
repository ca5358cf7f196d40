import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { createServer as createSecureServer } from "node:https";
import type { AddressInfo } from "node:net";

import { sendFaulty, sendReply, type Fault, type Reply } from "../../faults.ts";
import { json, RegistryGate, type RegistryAuth } from "../../registry-auth.ts";

export type NotaryHttpOptions = {
  readonly tls?: { readonly cert: string; readonly key: string };
  readonly auth?: RegistryAuth;
};

/** Serves trust data over HTTP out of collections by name, logs what it is asked, and breaks on demand. */
export class NotaryHttp {
  readonly collections = new Map<string, ReadonlyMap<string, Uint8Array>>();
  readonly requests: { readonly path: string; readonly authorization: string | undefined }[] = [];
  /** The next answers go wrong in these ways. */
  readonly faults: Fault[] = [];
  readonly gate: RegistryGate;
  readonly #tls: NotaryHttpOptions["tls"];
  readonly #server: ReturnType<typeof createServer>;

  private constructor({ tls, auth }: NotaryHttpOptions) {
    this.#tls = tls;
    this.gate = new RegistryGate(auth ?? { kind: "none" });
    const listener = (request: IncomingMessage, response: ServerResponse): void => void this.#serve(request, response);
    this.#server = tls === undefined ? createServer(listener) : createSecureServer(tls, listener);
  }

  static async start(options: NotaryHttpOptions = {}): Promise<NotaryHttp> {
    const server = new NotaryHttp(options);
    server.#server.listen(0, "127.0.0.1");
    await once(server.#server, "listening");
    return server;
  }

  get host(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  get url(): string {
    return `${this.#tls === undefined ? "http" : "https"}://${this.host}`;
  }

  async close(): Promise<void> {
    this.#server.close();
    this.#server.closeAllConnections();
    await once(this.#server, "close");
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname } = new URL(request.url ?? "/", this.url);
    this.requests.push({ path: pathname, authorization: request.headers.authorization });
    const reply = await this.#reply(pathname, request);
    const fault = this.faults.shift();
    return fault === undefined ? sendReply(response, reply) : sendFaulty(response, reply, fault);
  }

  async #reply(pathname: string, request: IncomingMessage): Promise<Reply> {
    if (pathname === "/token") return this.gate.token(request, await bodyOf(request));
    const [, gun = "", file = ""] = /^\/v2\/(.+)\/_trust\/tuf\/(.+)$/.exec(pathname) ?? [];
    const refused = this.gate.refuse(request, `repository:${gun}:pull`, `${this.url}/token`);
    if (refused !== undefined) return refused;
    const bytes = this.collections.get(gun)?.get(file);
    if (bytes === undefined) return json(404, { errors: [{ code: "METADATA_NOT_FOUND", message: "", detail: {} }] });
    return { status: 200, headers: { "content-type": "application/json" }, body: Buffer.from(bytes) };
  }
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}
