import type { Resolve } from "../../net/connector.ts";
import type { SafeFetch } from "../../ports/safe-fetch.ts";
import type { CredentialsProvider } from "../../net/credentials.ts";
import type { RequestReport } from "../../net/request-report.ts";
import type { RetryTimes } from "../../net/retry.ts";

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

export const DEFAULT_TIMEOUTS: Timeouts = {
  connectMs: 5000,
  headersMs: 10_000,
  idleMs: 10_000,
  requestMs: 30_000,
  minBytesPerSecond: 64 * 1024,
};
