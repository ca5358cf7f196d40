import { Agent, type Dispatcher } from "undici";

import { PortError } from "../../domain/errors.ts";
import { createConnectors, type Resolve } from "../../net/connector.ts";
import { startDeadline } from "../../net/deadline.ts";
import { portErrorOf } from "../../net/failure.ts";
import { parseHostList, type HostList } from "../../net/host-list.ts";
import { readLimited } from "../../net/limited-body.ts";
import type { SafeFetch, SafeFetchAnswer, SafeFetchRequest } from "../../ports/safe-fetch.ts";

export type SafeFetchOptions = {
  /** `host:port` entries that may be asked over plain HTTP, and so may be anywhere. */
  readonly plainHttpHosts?: readonly string[];
  /** `host:port` entries that may be on loopback or a private network, for every request. */
  readonly trustedHosts?: readonly string[];
  /** PEM certificates trusted beside the system's. */
  readonly ca?: readonly string[];
  readonly connectTimeoutMs?: number;
  readonly userAgent?: string;
  readonly resolve?: Resolve;
};

/** Enough to serve what one verification asks of one host; more would let an image aim this service at a host. */
const CONNECTIONS = 16;
const MAX_URL_LENGTH = 8192;
/** Sets of certificates with connections of their own: one for each server that an operator gives certificates for. */
const MAX_TRUSTS = 64;

/**
 * Fetches what somebody else may have chosen. Follows no redirect and no proxy of the environment, sends no credentials of
 * its own, and decodes nothing: an answer in a content coding is `unsupported`. Throws `InputError` for a bad host list.
 */
export function createSafeFetch(options: SafeFetchOptions = {}): SafeFetch & { close(): Promise<void> } {
  const plainHttp = parseHostList(options.plainHttpHosts ?? []);
  const trusted = parseHostList([...(options.trustedHosts ?? []), ...(options.plainHttpHosts ?? [])]);
  const agents = new AgentsByTrust(options);
  const userAgent = options.userAgent ?? "assay";
  const fetch = async (request: SafeFetchRequest): Promise<SafeFetchAnswer> => {
    const named = parseHostList(request.trustedHosts);
    const url = parseTarget(request, (target) => plainHttp(target) || named(target));
    const { trusted: any, guarded } = agents.trusting(request.ca);
    const agent = trusted(url) || named(url) ? any : guarded;
    return send({ ...request, headers: { "user-agent": userAgent, ...request.headers } }, url, agent);
  };
  const close = async (): Promise<void> => {
    await agents.close();
  };
  return Object.assign(fetch, { close });
}

/** Two agents, so that a connection made for a trusted request is never reused by one that has to be checked. */
type Agents = { readonly trusted: Agent; readonly guarded: Agent };

/** And two for each request's own certificates: whom they vouch for is nobody else's peer. */
class AgentsByTrust {
  readonly #options: SafeFetchOptions;
  readonly #made = new Map<string, Agents>();

  constructor(options: SafeFetchOptions) {
    this.#options = options;
  }

  trusting(ca: string | undefined): Agents {
    const key = ca ?? "";
    const known = this.#made.get(key);
    if (known !== undefined) return known;
    if (this.#made.size >= MAX_TRUSTS) this.#forgetOldest();
    const made = createAgents(this.#options, ca === undefined ? [] : [ca]);
    this.#made.set(key, made);
    return made;
  }

  async close(): Promise<void> {
    await Promise.all([...this.#made.values()].flatMap(({ trusted, guarded }) => [trusted.close(), guarded.close()]));
  }

  /** Certificates of policies that were replaced; what is under way ends by itself. */
  #forgetOldest(): void {
    const [oldest] = this.#made;
    if (oldest === undefined) return;
    this.#made.delete(oldest[0]);
    void Promise.all([oldest[1].trusted.close(), oldest[1].guarded.close()]);
  }
}

function createAgents(options: SafeFetchOptions, ca: readonly string[]): Agents {
  const connectors = createConnectors({
    ca: [...(options.ca ?? []), ...ca],
    connectTimeoutMs: options.connectTimeoutMs ?? 5000,
    resolve: options.resolve,
  });
  const common = { connections: CONNECTIONS, maxHeaderSize: 32 * 1024 };
  return {
    trusted: new Agent({ ...common, connect: connectors.trusted }),
    guarded: new Agent({ ...common, connect: connectors.guarded }),
  };
}

function parseTarget(request: SafeFetchRequest, mayBePlain: HostList): URL {
  const url = request.url.length <= MAX_URL_LENGTH ? URL.parse(request.url) : null;
  if (url === null) throw new PortError("malformed", request.url.slice(0, 200), "it is not a URL");
  if (url.username !== "" || url.password !== "") {
    throw new PortError("malformed", withoutSecrets(url), "the URL carries credentials");
  }
  const plain = url.protocol === "http:" && (mayBePlain(url) || request.signedContent === true);
  if (url.protocol !== "https:" && !plain) {
    throw new PortError(
      "blocked-address",
      withoutSecrets(url),
      "only https is fetched, and http from hosts that the configuration names",
    );
  }
  return url;
}

/** Queries can hold tokens, so a message names only scheme, host and path. */
function withoutSecrets(url: URL): string {
  return `${url.protocol}//${url.host}${url.pathname.slice(0, 200)}`;
}

async function send(request: SafeFetchRequest, url: URL, agent: Agent): Promise<SafeFetchAnswer> {
  const what = withoutSecrets(url);
  const deadline = startDeadline(request.signal, request.timeoutMs, what);
  try {
    const answer = await agent.request({
      origin: url.origin,
      path: `${url.pathname}${url.search}`,
      method: request.method,
      headers: { ...request.headers, "accept-encoding": "identity" },
      body: request.body ?? null,
      signal: deadline.signal,
      headersTimeout: request.timeoutMs,
      bodyTimeout: request.timeoutMs,
    });
    return { status: answer.statusCode, headers: flat(answer.headers), bytes: await readWhole(answer, request, what) };
  } catch (error) {
    throw portErrorOf(error, what);
  } finally {
    deadline.end();
  }
}

async function readWhole(
  answer: Dispatcher.ResponseData,
  request: SafeFetchRequest,
  what: string,
): Promise<Uint8Array> {
  const coding = answer.headers["content-encoding"];
  if (coding !== undefined && coding !== "identity") {
    answer.body.on("error", () => undefined).destroy();
    throw new PortError("unsupported", what, "the answer has a content coding although none was accepted");
  }
  if (Number(answer.headers["content-length"] ?? 0) > request.limit) {
    answer.body.on("error", () => undefined).destroy();
    throw new PortError("too-large", what, `the answer is larger than ${request.limit} bytes`);
  }
  return readLimited(answer.body, request.limit, what);
}

function flat(headers: Dispatcher.ResponseData["headers"]): Readonly<Record<string, string>> {
  const entries = Object.entries(headers).map(([name, value]): [string, string] => [
    name,
    [value ?? ""].flat().join(", "),
  ]);
  return Object.fromEntries(entries);
}
