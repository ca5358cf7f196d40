import { createSafeFetch } from "../../src/adapters/http/safe-fetch.ts";
import { createRegistryClient, type RegistryClient } from "../../src/adapters/oci/client.ts";
import type { RegistryClientOptions } from "../../src/adapters/oci/options.ts";

/** A registry client with its own token fetch, short times, and hosts named as an operator would. `close` closes both. */
export function openRegistryClient(options: Partial<RegistryClientOptions> = {}): RegistryClient {
  const { plainHttpHosts = [], trustedHosts = [], ca = [] } = options;
  const resolve = options.resolve === undefined ? {} : { resolve: options.resolve };
  const fetch = createSafeFetch({ plainHttpHosts, trustedHosts, ca, ...resolve });
  const client = createRegistryClient({ fetch, ...options, retry: { baseMs: 5, ...options.retry } });
  const close = async (): Promise<void> => {
    await Promise.all([client.close(), fetch.close()]);
  };
  return { ...client, close };
}
