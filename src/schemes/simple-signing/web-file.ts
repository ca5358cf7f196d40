import { PortError, type PortCode } from "../../domain/errors.ts";
import type { SafeFetch, SafeFetchAnswer } from "../../ports/safe-fetch.ts";

/** A small file on a web server that the operator named. */
type WebFile = {
  readonly url: string;
  /** Where the operator's word ends: its host may be private, no other. */
  readonly base: string;
  /** Bytes. */
  readonly limit: number;
  readonly signal: AbortSignal;
};

const TIMEOUT_MS = 15_000;
const MAX_REDIRECTS = 5;
const REDIRECTS: readonly number[] = [301, 302, 303, 307, 308];
const CODES: Readonly<Record<number, PortCode>> = { 401: "unauthorized", 403: "unauthorized", 429: "rate-limited" };

/** The file's bytes, `undefined` for 404. Follows redirects, as static hosts need them. Throws `PortError`. */
export async function fetchFollowing(fetch: SafeFetch, file: WebFile): Promise<Uint8Array | undefined> {
  let { url } = file;
  for (let hop = 0; hop <= MAX_REDIRECTS; hop += 1) {
    const answer = await fetch({ ...requestFor(file), url });
    if (answer.status === 200) return answer.bytes;
    if (answer.status === 404) return undefined;
    if (!REDIRECTS.includes(answer.status)) throw failureOf(answer, file.url);
    url = nextUrl(answer, url, file.url);
  }
  throw new PortError("too-many", file.url, `it redirects more than ${MAX_REDIRECTS} times`);
}

function requestFor({ base, limit, signal }: WebFile): Parameters<SafeFetch>[0] {
  return {
    url: base,
    method: "GET",
    headers: { accept: "*/*" },
    body: undefined,
    limit,
    timeoutMs: TIMEOUT_MS,
    signal,
    trustedHosts: trustedHosts(base),
  };
}

/** Naming a host in a policy does not allow it plain HTTP: that is for the configuration to say. */
function trustedHosts(base: string): readonly string[] {
  const { protocol, hostname, port } = new URL(base);
  return protocol === "https:" ? [`${hostname}:${port === "" ? "443" : port}`] : [];
}

function nextUrl({ headers }: SafeFetchAnswer, from: string, what: string): string {
  const next = URL.parse(headers["location"] ?? "", from);
  if (next === null || headers["location"] === undefined) {
    throw new PortError("malformed", what, "it redirects to something that is no URL");
  }
  if (from.startsWith("https:") && next.protocol !== "https:") {
    throw new PortError("blocked-address", what, `it redirects from https to ${next.protocol}//${next.host}`);
  }
  return next.href;
}

function failureOf({ status }: SafeFetchAnswer, what: string): PortError {
  const code = CODES[status] ?? (status >= 500 ? "server-error" : "malformed");
  return new PortError(code, what, `the server answered ${status}, where 200 or 404 is expected`);
}
