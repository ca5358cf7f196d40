import { PortError } from "../../domain/errors.ts";

const MAX_HEADER_LENGTH = 8192;
const MAX_TARGET_LENGTH = 4096;
const LINK = /<([^<>]*)>((?:\s*;\s*[A-Za-z*]+\s*=\s*(?:"[^"]*"|[^\s",;]+))*)/g;

/** The target of `rel=next` in a `Link` header (RFC 8288), as it is written. */
export function parseNextLink(header: string): string | undefined {
  for (const [, target, parameters = ""] of header.slice(0, MAX_HEADER_LENGTH).matchAll(LINK)) {
    if (/;\s*rel\s*=\s*(?:"(?:[^"]*\s)?next(?:\s[^"]*)?"|next)(?:\s*;|\s*$)/i.test(parameters)) return target;
  }
  return undefined;
}

/**
 * The next page's path and query. It must be the same list on the same scheme, host and port: a list that wanders off to
 * another host is a way into the operator's network, and one that changes its path is another list. Throws `PortError`.
 */
export function nextPage(header: string | undefined, current: URL, what: string): string | undefined {
  const target = header === undefined ? undefined : parseNextLink(header);
  if (target === undefined) return undefined;
  const next = target.length > MAX_TARGET_LENGTH ? null : URL.parse(target, current.href);
  if (next === null) throw new PortError("malformed", what, "its next page is no URL");
  if (next.origin !== current.origin || next.username !== "" || next.password !== "") {
    throw new PortError("blocked-address", what, `its next page is on ${next.protocol}//${next.host}`);
  }
  if (next.pathname !== current.pathname) throw new PortError("malformed", what, "its next page is of another list");
  return `${next.pathname}${next.search}`;
}
