import { InputError } from "../domain/errors.ts";

const DEFAULT_PORTS: Readonly<Record<string, string>> = { "https:": "443", "http:": "80" };

/** `host:port` of a URL with the port always written, so that two spellings of one origin compare equal. */
export function hostAndPort(url: URL): string {
  return `${url.hostname}:${url.port === "" ? (DEFAULT_PORTS[url.protocol] ?? "") : url.port}`;
}

/** Whether a URL's host and port stand in an operator's list. */
export type HostList = (url: URL) => boolean;

/**
 * A list of `host:port` entries, compared exactly; an entry without a port means the default port of the URL's own scheme.
 * Throws `InputError` for an entry that is more or less than a host and a port.
 */
export function parseHostList(entries: readonly string[]): HostList {
  const known = new Set(entries.flatMap((entry) => [spell("https:", entry), spell("http:", entry)]));
  return (url) => known.has(`${url.protocol}//${hostAndPort(url)}`);
}

function spell(protocol: string, entry: string): string {
  const url = URL.parse(`${protocol}//${entry}`);
  if (url === null || !/^[^/?#@\\\s]+$/.test(entry)) {
    throw new InputError(
      "configuration",
      `"${entry.slice(0, 120)}" is not a host: write host or host:port, without scheme or path`,
    );
  }
  return `${protocol}//${hostAndPort(url)}`;
}
