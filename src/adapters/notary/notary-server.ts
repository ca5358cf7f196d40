import { PortError } from "../../domain/errors.ts";
import { parseRegistry, type Registry } from "../../domain/reference.ts";
import { Authenticator, type Protected } from "../../net/authenticator.ts";
import type { CredentialsProvider } from "../../net/credentials.ts";
import { pause, startDeadline } from "../../net/deadline.ts";
import { isBroken, portErrorOf } from "../../net/failure.ts";
import { hostAndPort } from "../../net/host-list.ts";
import { parseHosts, type Hosts } from "../../net/hosts.ts";
import { MAX_ATTEMPTS, MAX_ERROR_BYTES } from "../../net/limits.ts";
import { DEFAULT_RETRY, isLater, parseRetryAfter, pauseAfter, type RetryTimes } from "../../net/retry.ts";
import { createTokenClient } from "../../net/token-client.ts";
import type { NotaryCollection, NotaryServer } from "../../ports/notary-server.ts";
import type { SafeFetch, SafeFetchAnswer } from "../../ports/safe-fetch.ts";
import { metadataUrl } from "./metadata-url.ts";

export type NotaryServerOptions = {
  /** Gives the limits, the TLS and the rules for addresses; it follows no redirect. */
  readonly fetch: SafeFetch;
  /** `host:port` that may be asked over plain HTTP; `fetch` must know them too. */
  readonly plainHttpHosts?: readonly string[];
  /** `host:port` of token servers that may be on a private network. */
  readonly trustedHosts?: readonly string[];
  readonly credentials?: CredentialsProvider;
  readonly retry?: Partial<RetryTimes>;
  /** A whole file, its retries and its token included; 30 s if not given. */
  readonly timeoutMs?: number;
};

const TIMEOUT_MS = 30_000;

type Asked = {
  readonly collection: NotaryCollection;
  readonly url: URL;
  readonly limit: number;
  readonly what: string;
};

/** Reads trust data over HTTP; a server that the operator named may be on a private network. Throws `InputError` for a bad host list. */
export function createNotaryServer(options: NotaryServerOptions): NotaryServer {
  const client = new NotaryClient(options);
  return {
    metadata: (collection, file, limit, signal) => client.metadata(collection, file, limit, signal),
  };
}

class NotaryClient {
  readonly #options: NotaryServerOptions;
  readonly #retry: RetryTimes;
  readonly #timeoutMs: number;
  readonly #hosts: Hosts;
  /** One for each set of certificates, by which token servers are reached too. */
  readonly #auth = new Map<string, Authenticator>();

  constructor(options: NotaryServerOptions) {
    this.#options = options;
    this.#retry = { ...DEFAULT_RETRY, ...options.retry };
    this.#timeoutMs = options.timeoutMs ?? TIMEOUT_MS;
    this.#hosts = parseHosts(options.plainHttpHosts ?? [], options.trustedHosts ?? []);
  }

  async metadata(
    collection: NotaryCollection,
    file: string,
    limit: number,
    signal: AbortSignal,
  ): Promise<Uint8Array | undefined> {
    const what = `${collection.server} ${collection.gun} ${file}`;
    const url = metadataUrl(collection, file, what);
    // The fetch takes a host that is trusted for its address for one that may be asked in the clear; here they are two.
    if (url.protocol !== "https:" && !this.#hosts.plainHttp(url)) {
      throw new PortError(
        "blocked-address",
        what,
        "it is not https, and its host is not named as one to ask in the clear",
      );
    }
    const deadline = startDeadline(signal, this.#timeoutMs, what);
    try {
      return await this.#ask({ collection, url, limit, what }, deadline.signal);
    } finally {
      deadline.end();
    }
  }

  async #ask(asked: Asked, signal: AbortSignal): Promise<Uint8Array | undefined> {
    const auth = this.#authFor(asked.collection);
    const target = protectedBy(asked);
    let authorization = auth.remembered(target);
    let renewed = false;
    for (let tries = 1; ; tries += 1) {
      const answer = await this.#send(asked, authorization, signal);
      if (!(answer instanceof PortError) && answer.status === 200) return withinLimit(answer.bytes, asked);
      if (!(answer instanceof PortError) && answer.status === 404) return undefined;
      if (!(answer instanceof PortError) && answer.status === 401 && !renewed) {
        authorization = await auth.renew(target, authorization, answer.headers["www-authenticate"], signal);
        renewed = true;
        continue;
      }
      const failure = answer instanceof PortError ? answer : failureOf(answer, asked.what);
      const later = answer instanceof PortError ? isBroken(answer) : isLater(answer.status);
      await this.#pauseOrThrow(failure, later, tries, signal);
    }
  }

  /** A connection that broke is an answer here, since the next may stand; any other failure is thrown. */
  async #send(
    { url, limit, collection, what }: Asked,
    authorization: string | undefined,
    signal: AbortSignal,
  ): Promise<SafeFetchAnswer | PortError> {
    try {
      return await this.#options.fetch({
        url: url.href,
        method: "GET",
        headers: { accept: "application/json", ...(authorization === undefined ? {} : { authorization }) },
        body: undefined,
        // An error's body is read by the same request, and is small.
        limit: Math.max(limit, MAX_ERROR_BYTES),
        timeoutMs: this.#timeoutMs,
        signal,
        trustedHosts: [hostAndPort(url)],
        ca: collection.ca,
      });
    } catch (error) {
      const failure = portErrorOf(error, what);
      if (isBroken(failure)) return failure;
      throw failure;
    }
  }

  async #pauseOrThrow(failure: PortError, later: boolean, tries: number, signal: AbortSignal): Promise<void> {
    const wait = pauseAfter(tries, failure.retryAfterMs, this.#retry, Math.random());
    if (!later || tries >= MAX_ATTEMPTS || wait === undefined) throw failure;
    await pause(wait, signal).catch((error: unknown) => {
      throw signal.reason instanceof PortError ? failure : portErrorOf(error, failure.what);
    });
  }

  #authFor({ ca }: NotaryCollection): Authenticator {
    const known = this.#auth.get(ca ?? "");
    if (known !== undefined) return known;
    const { fetch, credentials } = this.#options;
    const fetchToken = createTokenClient({
      fetch: (request) => fetch({ ...request, ca }),
      retry: this.#retry,
      timeoutMs: this.#timeoutMs,
      onRequest: undefined,
    });
    const auth = new Authenticator({ hosts: this.#hosts, credentials, fetchToken, timeoutMs: this.#timeoutMs });
    this.#auth.set(ca ?? "", auth);
    return auth;
  }
}

function withinLimit(bytes: Uint8Array, { limit, what }: Asked): Uint8Array {
  if (bytes.length > limit) throw new PortError("too-large", what, `the answer is larger than ${limit} bytes`);
  return bytes;
}

/** The account is the one for the Notary server's own host and port, whatever registry the collection is named after. */
function protectedBy({ collection, url, what }: Asked): Protected {
  return { registry: accountOf(url), origin: new URL(url.origin), scope: `repository:${collection.gun}:pull`, what };
}

function accountOf(url: URL): Registry {
  return parseRegistry(url.host);
}

function failureOf({ status, headers }: SafeFetchAnswer, what: string): PortError {
  const detail = `the Notary server answered ${status}`;
  const retryAfterMs = parseRetryAfter(headers["retry-after"], Date.now());
  const later = retryAfterMs === undefined ? {} : { retryAfterMs };
  if (status === 429) return new PortError("rate-limited", what, detail, later);
  if (status === 401 || status === 403) {
    return new PortError(
      "unauthorized",
      what,
      `${detail}: check that the account for this host may read the collection`,
    );
  }
  if (status >= 500) return new PortError("server-error", what, detail, later);
  if (status >= 300 && status < 400) return new PortError("unsupported", what, `${detail}; redirects are not followed`);
  return new PortError(status >= 400 ? "unsupported" : "malformed", what, detail);
}
