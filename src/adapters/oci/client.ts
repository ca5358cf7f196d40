import type { ImageReference } from "../../domain/reference.ts";
import type { ImageSource } from "../../ports/image-source.ts";
import { Authenticator } from "../../net/authenticator.ts";
import { fetchBlob, openBlob } from "./blobs.ts";
import { fetchDigest, fetchManifest } from "./documents.ts";
import { parseHosts } from "../../net/hosts.ts";
import { Exchange } from "./exchange.ts";
import { listRepositories, listTags } from "./lists.ts";
import { DEFAULT_RETRY } from "../../net/retry.ts";
import { DEFAULT_TIMEOUTS, type RegistryClientOptions, type Timeouts } from "./options.ts";
import { ReferrersClient } from "./referrers-client.ts";
import { createTokenClient } from "../../net/token-client.ts";
import { fetchSignatures } from "./signatures.ts";
import { Transport } from "./transport.ts";

export type RegistryClient = ImageSource & { close(): Promise<void> };

/**
 * Reads images from registries that speak the OCI distribution protocol; there is no call that writes. `close` cuts what is
 * still open. Throws `InputError` for a bad host list.
 */
export function createRegistryClient(options: RegistryClientOptions): RegistryClient {
  const timeouts = { ...DEFAULT_TIMEOUTS, ...options.timeouts };
  const hosts = parseHosts(options.plainHttpHosts ?? [], options.trustedHosts ?? []);
  const transport = new Transport(options, hosts, timeouts);
  const exchange = createExchange(options, { transport, hosts, timeouts });
  const referrers = new ReferrersClient(exchange);
  return {
    resolve: (reference, signal) => fetchManifest(exchange, reference.repository, wantedOf(reference), signal),
    head: (reference, signal) => fetchDigest(exchange, reference.repository, wantedOf(reference), signal),
    manifest: (repository, digest, signal) => fetchManifest(exchange, repository, digest, signal),
    blob: (repository, descriptor, limit, signal) => fetchBlob(exchange, repository, { descriptor, limit }, signal),
    stream: (repository, descriptor, signal) => openBlob(exchange, repository, { descriptor, timeouts }, signal),
    referrers: (repository, digest, signal) => referrers.find(repository, digest, signal),
    signatures: (repository, digest, limit, signal) => fetchSignatures(exchange, repository, { digest, limit }, signal),
    tags: (repository, signal) => listTags(exchange, repository, signal),
    repositories: (registry, signal) => listRepositories(exchange, registry, signal),
    close: () => transport.close(),
  };
}

function createExchange(
  options: RegistryClientOptions,
  parts: { readonly transport: Transport; readonly hosts: ReturnType<typeof parseHosts>; readonly timeouts: Timeouts },
): Exchange {
  const retry = { ...DEFAULT_RETRY, ...options.retry };
  const timeoutMs = parts.timeouts.requestMs;
  const fetchToken = createTokenClient({ fetch: options.fetch, retry, timeoutMs, onRequest: options.onRequest });
  const auth = new Authenticator({ hosts: parts.hosts, credentials: options.credentials, fetchToken, timeoutMs });
  return new Exchange({ ...parts, auth, retry });
}

/** With both a tag and a digest the digest names the content. */
function wantedOf(reference: ImageReference): Parameters<typeof fetchManifest>[2] {
  return reference.kind === "digest" ? reference.digest : reference.tag;
}
