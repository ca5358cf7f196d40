import { Pool, type Dispatcher } from "undici";

import { PortError } from "../../domain/errors.ts";
import { createConnectors } from "../../net/connector.ts";
import { portErrorOf } from "../../net/failure.ts";
import { hostAndPort } from "../../net/host-list.ts";
import type { Hosts } from "../../net/hosts.ts";
import { MAX_ORIGINS } from "./limits.ts";
import type { RequestKind } from "../../net/request-report.ts";
import type { RegistryClientOptions, Timeouts } from "./options.ts";

/** One HTTP request, without retries, redirects or credentials of its own making. */
export type WireRequest = {
  readonly url: URL;
  readonly method: "GET" | "HEAD";
  readonly headers: Readonly<Record<string, string>>;
  readonly kind: RequestKind;
  /** For messages. */
  readonly what: string;
  readonly signal: AbortSignal;
};

export type WireAnswer = {
  readonly url: URL;
  readonly status: number;
  readonly headers: Dispatcher.ResponseData["headers"];
  readonly body: Dispatcher.ResponseData["body"];
};

/** A header's value; several of the same name are joined as RFC 9110 5.3 says. */
export function headerOf(answer: Pick<WireAnswer, "headers">, name: string): string | undefined {
  const value = answer.headers[name];
  return Array.isArray(value) ? value.join(", ") : value;
}

/** Gives up a body that is not wanted, and with it its connection. */
export function discard(body: WireAnswer["body"]): void {
  body.on("error", () => undefined).destroy();
}

/** Connections to registries and what they redirect to. Holds at most `MAX_ORIGINS` pools, dropping the longest unused. */
export class Transport {
  readonly #pools = new Map<string, Pool>();
  readonly #connectors: ReturnType<typeof createConnectors>;
  readonly #hosts: Hosts;
  readonly #timeouts: Timeouts;
  readonly #options: RegistryClientOptions;

  constructor(options: RegistryClientOptions, hosts: Hosts, timeouts: Timeouts) {
    this.#options = options;
    this.#hosts = hosts;
    this.#timeouts = timeouts;
    this.#connectors = createConnectors({
      ca: options.ca ?? [],
      connectTimeoutMs: timeouts.connectMs,
      resolve: options.resolve,
    });
  }

  /** Throws `PortError`. */
  async send(request: WireRequest): Promise<WireAnswer> {
    const started = performance.now();
    let status: number | undefined;
    try {
      const answer = await this.#poolFor(request).request(this.#wire(request));
      status = answer.statusCode;
      return { url: request.url, status, headers: answer.headers, body: answer.body };
    } catch (error) {
      throw portErrorOf(error, request.what);
    } finally {
      this.#report(request, status, started);
    }
  }

  #report({ method, kind, url }: WireRequest, status: number | undefined, started: number): void {
    const { onRequest } = this.#options;
    onRequest?.({ method, host: hostAndPort(url), kind, status, ms: performance.now() - started });
  }

  async close(): Promise<void> {
    const pools = [...this.#pools.values()];
    this.#pools.clear();
    await Promise.all(pools.map((pool) => pool.destroy()));
  }

  #wire(request: WireRequest): Dispatcher.RequestOptions {
    return {
      path: `${request.url.pathname}${request.url.search}`,
      method: request.method,
      headers: {
        "user-agent": this.#options.userAgent ?? "assay",
        ...request.headers,
        // Bytes are hashed as they arrive; a coding would be one more thing to undo, bound and trust.
        "accept-encoding": "identity",
      },
      signal: request.signal,
      // Without this undici closes the connection after every HEAD, eight times the cost.
      reset: false,
    };
  }

  #poolFor(request: WireRequest): Pool {
    const { origin } = request.url;
    const pool = this.#pools.get(origin) ?? this.#open(request);
    this.#pools.delete(origin);
    this.#pools.set(origin, pool);
    return pool;
  }

  /** What an origin may be is judged once, before it has a pool. */
  #open({ url, what }: WireRequest): Pool {
    if (url.protocol !== "https:" && !(url.protocol === "http:" && this.#hosts.plainHttp(url))) {
      throw new PortError("blocked-address", what, `${url.host} is not listed as a host that speaks plain HTTP`);
    }
    const [eldest] = this.#pools;
    if (this.#pools.size >= MAX_ORIGINS && eldest !== undefined) {
      this.#pools.delete(eldest[0]);
      void eldest[1].close();
    }
    return new Pool(url.origin, {
      connections: this.#options.connections ?? 32,
      connect: this.#hosts.trusted(url) ? this.#connectors.trusted : this.#connectors.guarded,
      headersTimeout: this.#timeouts.headersMs,
      bodyTimeout: this.#timeouts.idleMs,
      maxHeaderSize: 32 * 1024,
    });
  }
}
