import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { createServer as createSecureServer } from "node:https";
import type { AddressInfo } from "node:net";

import { digestOf } from "../../src/crypto/digest-of.ts";
import type { Digest } from "../../src/domain/digest.ts";
import type { Repository } from "../../src/domain/reference.ts";
import { sendFaulty, sendReply, type Fault, type Reply } from "./faults.ts";
import type { ImageTarget } from "./image-builder.ts";
import { json, RegistryGate, type RegistryAuth } from "./registry-auth.ts";
import { RegistryContent, referrersIndex } from "./registry-content.ts";
import { repositoryAt } from "./references.ts";

export type RequestKindSeen =
  | "manifest"
  | "blob"
  | "referrers"
  | "tags"
  | "catalog"
  | "token"
  | "ping"
  | "signatures"
  | "other";

export type SeenRequest = {
  readonly method: string;
  /** Path and query. */
  readonly path: string;
  readonly kind: RequestKindSeen;
  readonly repository: string;
  /** Tag or digest. */
  readonly reference: string;
  readonly headers: IncomingMessage["headers"];
  status: number;
};

export type Match = Partial<Pick<SeenRequest, "method" | "kind" | "repository" | "reference">>;

export type TestRegistryOptions = {
  readonly auth?: RegistryAuth;
  /** Serve over TLS with this certificate. */
  readonly tls?: { readonly cert: string; readonly key: string };
  /** On by default. Off, the registry knows no such address, as docker-registry 2.8. */
  readonly referrersApi?: boolean;
  /** Entries per page of referrers, tags and catalogue; all on one page by default. */
  readonly pageSize?: number;
  /** Off by default, as for most registries. On, it keeps GPG signatures and says so. */
  readonly signatureExtension?: boolean;
  readonly address?: string;
};

type ActiveFault = { readonly match: Match; readonly fault: Fault; left: number };

/** An OCI registry in this process: content is put in by calls, read over HTTP, logged, and broken on demand. */
export class TestRegistry implements ImageTarget {
  readonly content = new RegistryContent();
  readonly requests: SeenRequest[] = [];
  /** What the signature extension serves, by digest. */
  readonly signatures = new Map<string, Uint8Array>();
  readonly gate: RegistryGate;
  readonly #options: TestRegistryOptions;
  readonly #server: ReturnType<typeof createServer>;
  #faults: ActiveFault[] = [];
  readonly #watchers = new Set<() => void>();
  #tokensOf: RegistryGate | undefined;
  /** TCP connections accepted so far. */
  connections = 0;

  private constructor(options: TestRegistryOptions) {
    this.#options = options;
    this.gate = new RegistryGate(options.auth ?? { kind: "none" });
    const listener = (request: IncomingMessage, response: ServerResponse): void => {
      void this.#serve(request, response).catch((error: unknown) => response.destroy(error as Error));
    };
    this.#server = options.tls === undefined ? createServer(listener) : createSecureServer(options.tls, listener);
    this.#server.on("connection", () => {
      this.connections += 1;
    });
  }

  static async start(options: TestRegistryOptions = {}): Promise<TestRegistry> {
    const registry = new TestRegistry(options);
    await new Promise<void>((resolve) => {
      registry.#server.listen(0, options.address ?? "127.0.0.1", resolve);
    });
    return registry;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** `host:port`, as references spell it. */
  get host(): string {
    const address = this.#options.address ?? "127.0.0.1";
    return `${address.includes(":") ? `[${address}]` : address}:${this.port}`;
  }

  get url(): string {
    return `${this.#options.tls === undefined ? "http" : "https"}://${this.host}`;
  }

  repository(path: string): Repository {
    return repositoryAt(this.host, path);
  }

  async putBlob(repository: string, bytes: Uint8Array, digest: Digest = digestOf(bytes)): Promise<Digest> {
    return this.content.putBlob(repository, bytes, digest);
  }

  /** A digest other than the bytes' own makes a registry that serves wrong content. */
  async putManifest(
    repository: string,
    bytes: Uint8Array,
    mediaType: string,
    tags: readonly string[] = [],
  ): Promise<Digest> {
    const digest = this.content.putManifest(repository, bytes, mediaType);
    for (const tag of tags) this.tag(repository, tag, digest);
    return digest;
  }

  tag(repository: string, tag: string, digest: Digest): void {
    this.content.in(repository).tags.set(tag, digest);
  }

  untag(repository: string, tag: string): void {
    this.content.in(repository).tags.delete(tag);
  }

  /** Makes `/token` here the token server of another registry. */
  answerTokensOf(gate: RegistryGate): void {
    this.#tokensOf = gate;
  }

  /** Breaks the answers that match, the next `times` of them or all. Returns the way to mend it. */
  break(match: Match, fault: Fault, times: number = Number.POSITIVE_INFINITY): () => void {
    const active = { match, fault, left: times };
    this.#faults.push(active);
    return () => {
      this.#faults = this.#faults.filter((other) => other !== active);
    };
  }

  /** The requests that match, in order. */
  seen(match: Match = {}): readonly SeenRequest[] {
    return this.requests.filter((request) => matches(match, request));
  }

  /** Resolves once so many requests that match have come. */
  async sees(match: Match, count: number): Promise<void> {
    while (this.seen(match).length < count) await new Promise<void>((resolve) => this.#watchers.add(resolve));
  }

  /** Answers that match are held back until the returned function is called. */
  hold(match: Match): () => void {
    const released = Promise.withResolvers<void>();
    const mend = this.break(match, { kind: "hold", until: released.promise });
    return () => {
      mend();
      released.resolve();
    };
  }

  forget(): void {
    this.requests.length = 0;
  }

  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    this.#server.closeAllConnections();
    await closed;
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const seen = recognise(request);
    this.requests.push(seen);
    for (const resolve of this.#watchers) resolve();
    this.#watchers.clear();
    const body = await readText(request);
    const reply = this.#answer(request, seen, body);
    const active = this.#faults.find((fault) => fault.left > 0 && matches(fault.match, seen));
    seen.status = active?.fault.kind === "status" ? active.fault.status : reply.status;
    if (active === undefined) return sendReply(response, reply);
    active.left -= 1;
    return sendFaulty(response, reply, active.fault);
  }

  #answer(request: IncomingMessage, seen: SeenRequest, body: string): Reply {
    if (seen.kind === "token") return (this.#tokensOf ?? this.gate).token(request, body);
    const scope = seen.kind === "catalog" ? "registry:catalog:*" : `repository:${seen.repository}:pull`;
    const refusal = this.gate.refuse(request, scope, `${this.url}/token`);
    if (refusal !== undefined) return refusal;
    switch (seen.kind) {
      case "ping":
        return this.#ping();
      case "signatures":
        return this.#signatures(seen);
      case "manifest":
        return this.#manifest(seen);
      case "blob":
        return this.#blob(seen);
      case "referrers":
        return this.#referrers(seen);
      case "tags":
        return this.#tags(seen);
      case "catalog":
        return this.#page(seen, [...this.content.repositories.keys()].sort(), (repositories) =>
          json(200, { repositories }),
        );
      case "other":
        return notFound("NOT_FOUND");
    }
  }

  #ping(): Reply {
    const { headers, ...reply } = json(200, {});
    const offered = this.#options.signatureExtension === true ? { "x-registry-supports-signatures": "1" } : {};
    return { ...reply, headers: { ...headers, ...offered } };
  }

  #signatures(seen: SeenRequest): Reply {
    if (this.#options.signatureExtension !== true) return notFound("NOT_FOUND");
    const body = this.signatures.get(seen.reference);
    if (body === undefined) return notFound("NAME_UNKNOWN");
    return { status: 200, headers: { "content-type": "application/json" }, body: Buffer.from(body) };
  }

  #manifest(seen: SeenRequest): Reply {
    const found = this.content.manifest(seen.repository, seen.reference);
    if (found === undefined) return notFound("MANIFEST_UNKNOWN");
    const headers = { "content-type": found.mediaType, "docker-content-digest": found.digest };
    return { status: 200, headers, body: found.bytes };
  }

  #blob(seen: SeenRequest): Reply {
    const body = this.content.repositories.get(seen.repository)?.blobs.get(seen.reference);
    if (body === undefined) return notFound("BLOB_UNKNOWN");
    return { status: 200, headers: { "content-type": "application/octet-stream" }, body };
  }

  #referrers(seen: SeenRequest): Reply {
    if (this.#options.referrersApi === false) {
      return { status: 404, headers: { "content-type": "text/plain" }, body: Buffer.from("404 page not found\n") };
    }
    const headers = { "content-type": "application/vnd.oci.image.index.v1+json" };
    const list = this.content.referrers(seen.repository, seen.reference);
    return this.#page(seen, list, (page) => ({ status: 200, headers, body: referrersIndex(page) }));
  }

  #tags(seen: SeenRequest): Reply {
    const stored = this.content.repositories.get(seen.repository);
    if (stored === undefined) return notFound("NAME_UNKNOWN");
    return this.#page(seen, [...stored.tags.keys()].sort(), (tags) => json(200, { name: seen.repository, tags }));
  }

  #page<Item>(seen: SeenRequest, items: readonly Item[], render: (page: readonly Item[]) => Reply): Reply {
    const url = new URL(seen.path, this.url);
    const start = Number(url.searchParams.get("from") ?? 0);
    const size = this.#options.pageSize ?? items.length;
    const reply = render(items.slice(start, start + size));
    if (start + size >= items.length) return reply;
    return { ...reply, headers: { ...reply.headers, link: `<${url.pathname}?from=${start + size}>; rel="next"` } };
  }
}

function notFound(code: string): Reply {
  return json(404, { errors: [{ code, message: "not here" }] });
}

function matches(match: Match, seen: SeenRequest): boolean {
  return Object.entries(match).every(([name, value]) => seen[name as keyof Match] === value);
}

const ROUTES: readonly (readonly [RequestKindSeen, RegExp])[] = [
  ["signatures", /^\/extensions\/v2\/(?<repository>.+)\/signatures\/(?<reference>[^/]+)$/],
  ["ping", /^\/v2\/?$/],
  ["token", /^\/token$/],
  ["catalog", /^\/v2\/_catalog$/],
  ["tags", /^\/v2\/(?<repository>.+)\/tags\/list$/],
  ["manifest", /^\/v2\/(?<repository>.+)\/manifests\/(?<reference>[^/]+)$/],
  ["blob", /^\/v2\/(?<repository>.+)\/blobs\/(?<reference>[^/]+)$/],
  ["referrers", /^\/v2\/(?<repository>.+)\/referrers\/(?<reference>[^/]+)$/],
];

function recognise(request: IncomingMessage): SeenRequest {
  const path = request.url ?? "/";
  const { pathname } = new URL(path, "http://registry");
  const found = ROUTES.map(([kind, route]) => ({ kind, match: route.exec(pathname) })).find(
    ({ match }) => match !== null,
  );
  return {
    method: request.method ?? "",
    path,
    kind: found?.kind ?? "other",
    repository: found?.match?.groups?.["repository"] ?? "",
    reference: found?.match?.groups?.["reference"] ?? "",
    headers: request.headers,
    status: 0,
  };
}

async function readText(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString("utf8");
}
