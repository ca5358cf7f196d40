import type { IncomingMessage } from "node:http";

/** Whether a name or address can only mean this machine (RFC 6761, 6.3; RFC 1122, 3.2.1.3). */
export function isLoopback(host: string): boolean {
  const bare = host.toLowerCase().replace(/^\[|\]$/g, "");
  return bare === "localhost" || bare === "::1" || /^127(?:\.(?:25[0-5]|2[0-4]\d|1?\d?\d)){3}$/.test(bare);
}

const AUTHORITY = /^(\[[0-9a-fA-F:]+\]|[A-Za-z0-9.-]+)(?::\d{1,5})?$/;

/**
 * Whether a request to an open service was made by somebody on this machine rather than by a web page in their browser:
 * the page's own name in `Host` gives away DNS rebinding, and browsers say where a request comes from (Fetch Metadata).
 */
export function isLocalRequest(req: IncomingMessage): boolean {
  const { host = "", origin } = req.headers;
  const site = req.headers["sec-fetch-site"];
  if (!isLoopback(AUTHORITY.exec(host)?.[1] ?? "")) return false;
  if (site !== undefined && site !== "same-origin" && site !== "none") return false;
  return origin === undefined || origin.toLowerCase() === `http://${host.toLowerCase()}`;
}
