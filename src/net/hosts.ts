import { parseHostList, type HostList } from "./host-list.ts";

/** What the operator said of hosts. */
export type Hosts = { readonly plainHttp: HostList; readonly trusted: HostList };

/** A host that may be asked over plain HTTP may be anywhere too. Throws `InputError`. */
export function parseHosts(plainHttp: readonly string[], trusted: readonly string[]): Hosts {
  return { plainHttp: parseHostList(plainHttp), trusted: parseHostList([...trusted, ...plainHttp]) };
}
