import { PortError } from "../domain/errors.ts";
import { hostAndPort } from "./host-list.ts";
import type { Hosts } from "./hosts.ts";

/** A token server's URL that may be asked, and whether it may be on a private network. */
export type Realm = { readonly url: URL; readonly trusted: boolean };

/**
 * A registry names its token server itself, so the name is judged (CVE-2026-48978, CVE-2026-33540): never plain HTTP for a
 * registry on https; the registry's own host and port wherever that is; any other only if public or listed by the operator.
 * That a name is public shows when it is connected to. Throws `PortError`.
 */
export function judgeRealm(text: string, registry: URL, hosts: Hosts, what: string): Realm {
  const url = URL.parse(text);
  if (url === null || url.username !== "" || url.password !== "" || url.hash !== "") {
    throw new PortError("malformed", what, "the registry names no usable token server");
  }
  const same = hostAndPort(url) === hostAndPort(registry);
  const plain = url.protocol === "http:" && registry.protocol === "http:" && (same || hosts.plainHttp(url));
  if (url.protocol !== "https:" && !plain) {
    throw new PortError(
      "blocked-address",
      what,
      `the registry names the token server ${url.protocol}//${url.host}, which is not https and not listed`,
    );
  }
  return { url, trusted: same || hosts.trusted(url) };
}
