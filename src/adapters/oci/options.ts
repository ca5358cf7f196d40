import type { Resolve } from "../../net/connector.ts";
import type { SafeFetch } from "../../ports/safe-fetch.ts";
import type { CredentialsProvider } from "./credentials.ts";

/** One finished HTTP request, for counters and metrics. `status` is absent where no answer came. */
export type RequestReport = {
  readonly method: string;
  /** `host:port` that was asked, which after a redirect is not the registry. */
  readonly host: string;
  readonly kind: RequestKind;
  readonly status: number | undefined;
  readonly ms: number;
};

export type RequestKind = "manifest" | "blob" | "referrers" | "tags" | "catalog" | "token" | "signatures";

export type RegistryClientOptions = {
  /** How tokens are fetched. Give it the same `ca`. */
  readonly fetch: SafeFetch;
  /** `host:port` (or `host` for port 80) of registries, and of what they redirect to, that speak plain HTTP. */
  readonly plainHttpHosts?: readonly string[];
  /** `host:port` (or `host` for port 443) that may be on loopback or a private network. */
  readonly trustedHosts?: readonly string[];
  /** PEM certificates trusted beside the system's. */
  readonly ca?: readonly string[];
  readonly credentials?: CredentialsProvider;
  readonly timeouts?: Partial<Timeouts>;
  readonly retry?: Partial<RetryTimes>;
  readonly userAgent?: string;
  /** Connections, and so requests in flight, per host. */
  readonly connections?: number;
  readonly onRequest?: (report: RequestReport) => void;
  readonly resolve?: Resolve;
};

/** Milliseconds. */
export type Timeouts = {
  readonly connectMs: number;
  /** From the request to the end of the headers. */
  readonly headersMs: number;
  /** Between two pieces of a body. */
  readonly idleMs: number;
  /** A whole small document, its retries and its token included. */
  readonly requestMs: number;
  /** A stream gets `requestMs` and the time its size takes at this rate, so that one byte a second ends. */
  readonly minBytesPerSecond: number;
};

export type RetryTimes = {
  /** The first pause; each further one is twice as long, and all are shortened at random by up to half. */
  readonly baseMs: number;
  /** A registry that asks for a longer pause than this is not waited for; the error says when to come back. */
  readonly maxRetryAfterMs: number;
};

export const DEFAULT_TIMEOUTS: Timeouts = {
  connectMs: 5000,
  headersMs: 10_000,
  idleMs: 10_000,
  requestMs: 30_000,
  minBytesPerSecond: 64 * 1024,
};

export const DEFAULT_RETRY: RetryTimes = { baseMs: 200, maxRetryAfterMs: 10_000 };
