import { createSafeFetch } from "../adapters/http/safe-fetch.ts";
import { routeImages } from "../adapters/image-router/image-router.ts";
import { createNotaryServer } from "../adapters/notary/notary-server.ts";
import { createRegistryClient } from "../adapters/oci/client.ts";
import { dockerConfigCredentials } from "../adapters/oci/docker-config.ts";
import { openLayout } from "../adapters/oci-layout/layout.ts";
import type { LocalImage } from "../app.ts";
import { readNamedFile, type Config } from "../config.ts";
import type { PolicySet } from "../domain/policy.ts";
import { formatRepository } from "../domain/reference.ts";
import type { ImageSource } from "../ports/image-source.ts";
import type { RequestReport } from "../net/request-report.ts";
import type { NotaryServer } from "../ports/notary-server.ts";
import type { SafeFetch } from "../ports/safe-fetch.ts";
import type { RegistryRequestOutcome } from "../telemetry/metrics.ts";
import type { Telemetry } from "../telemetry/telemetry.ts";
import { basePatternsOf } from "./base-patterns.ts";

export type Registries = {
  readonly images: ImageSource;
  readonly fetch: SafeFetch;
  readonly notary: NotaryServer;
  readonly close: () => Promise<void>;
};

type RegistryParts = {
  readonly policies: () => PolicySet;
  readonly localImages: readonly LocalImage[];
  readonly telemetry: Telemetry;
};

/** Where images come from: layouts on disk for the names they were given, registries for all others. */
export async function openRegistries(
  config: Config,
  { policies, localImages, telemetry }: RegistryParts,
): Promise<Registries> {
  const hosts = {
    plainHttpHosts: config.unsafePlainHttp,
    trustedHosts: [...config.privateHosts, ...namedHosts(policies())],
    ca: config.registryCa === undefined ? [] : [readNamedFile("ASSAY_REGISTRY_CA", config.registryCa)],
  };
  const fetch = createSafeFetch(hosts);
  const onRequest = ({ kind, status, ms }: RequestReport): void =>
    telemetry.metrics.registryRequest(kind, outcomeOf(status), ms / 1000);
  const credentials =
    config.dockerConfig === undefined ? {} : { credentials: dockerConfigCredentials(config.dockerConfig) };
  const client = createRegistryClient({ ...hosts, ...credentials, fetch, onRequest });
  const notary = createNotaryServer({ ...hosts, ...credentials, fetch });
  const close = async (): Promise<void> => {
    await client.close();
    await fetch.close();
  };
  return { images: routeImages(await openLayouts(localImages), client), fetch, notary, close };
}

async function openLayouts(localImages: readonly LocalImage[]): Promise<ReadonlyMap<string, ImageSource>> {
  const opened = localImages.map(async ({ kind, path, tag, as }): Promise<[string, ImageSource]> => {
    const location = { kind: kind === "oci-layout" ? "folder" : "archive", path, tag } as const;
    return [formatRepository(as.repository), await openLayout(location, { as })];
  });
  return new Map(await Promise.all(opened));
}

/** Hosts that the operator's policies name without a wildcard; like every host the operator names they may be private. */
function namedHosts(set: PolicySet): readonly string[] {
  const patterns = [...set.policies.flatMap((policy) => policy.match.images), ...basePatternsOf(set)];
  const hosts = patterns.map((pattern) => pattern.host);
  return [...new Set(hosts.filter((host) => !host.includes("*")))];
}

/** How a request ended, as one of few labels. */
function outcomeOf(status: number | undefined): RegistryRequestOutcome {
  if (status === undefined) return "unreachable";
  if (status < 400) return "ok";
  if (status === 404) return "missing";
  if (status === 401 || status === 403) return "unauthorized";
  if (status === 429) return "rate-limited";
  return status >= 500 ? "server-error" : "malformed";
}
