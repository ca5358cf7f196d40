import { join } from "node:path";

import { createThreadedLayerReader } from "./adapters/layers/threaded-layer-reader.ts";
import { publicGoodRepository } from "./adapters/sigstore-tuf/public-good.ts";
import { createTufTrustRootSource } from "./adapters/sigstore-tuf/trust-root-source.ts";
import { systemClock } from "./adapters/system-clock/clock.ts";
import { openAccess, openTokensFile, type Access } from "./api/access.ts";
import { listen } from "./api/listen.ts";
import type { App, AppOptions, RunningApi } from "./app.ts";
import { basePatternsOf } from "./compose/base-patterns.ts";
import { refreshBases } from "./compose/base-refresh.ts";
import { openPolicies } from "./compose/policies.ts";
export { readPolicies } from "./compose/policies.ts";
import { openRegistries, type Registries } from "./compose/registries.ts";
import { refreshTrustRoots } from "./compose/trust-root-refresh.ts";
import { openWorld, type World } from "./compose/world.ts";
import type { Config } from "./config.ts";
import { EXTRACTOR_VERSION } from "./inspections/layer-collector.ts";
import type { Assay } from "./pipeline/assay.ts";
import { BaseFeed } from "./pipeline/base-feed.ts";
import { createAssay, createJobHandler } from "./pipeline/create-assay.ts";
import type { MaxAges } from "./pipeline/freshness.ts";
import { Layers } from "./pipeline/layers.ts";
import { compileTrust } from "./pipeline/trust.ts";
import type { Clock } from "./ports/clock.ts";
import type { JobWorker } from "./ports/job-queue.ts";
import type { PolicySource } from "./ports/policy-source.ts";
import type { SafeFetch } from "./ports/safe-fetch.ts";
import { createRecords, type Records } from "./records/records.ts";
import { SealedBytes, type RecordContext } from "./records/sealed-space.ts";
import { createTrustMemory } from "./records/trust-memory.ts";
import { SCHEMES } from "./schemes/index.ts";
import { createTelemetry, type Telemetry } from "./telemetry/telemetry.ts";

type Parts = {
  readonly config: Config;
  readonly clock: Clock;
  readonly telemetry: Telemetry;
  readonly policies: PolicySource;
  readonly world: World;
  readonly registries: Registries;
  readonly records: Records;
  readonly layers: Layers;
  /** Where what was seen is catalogued; names that the caller gave to images on disk prove nothing about a registry. */
  readonly feed: Pick<BaseFeed, "learn">;
};

/**
 * Chooses the adapters for one process and joins them. Throws `InputError` for settings and policies that cannot be used
 * and `PortError` for a store that cannot be opened; whatever was opened by then is closed again.
 */
export async function composeApp(config: Config, options: AppOptions): Promise<App> {
  const clock = systemClock;
  const isService = options.purpose === "serve" || options.purpose === "worker";
  const telemetry = createTelemetry({
    level: config.logLevel ?? (isService ? "info" : "silent"),
    processMetrics: isService,
  });
  await using opened = new AsyncDisposableStack();
  const written = opened.adopt(openPolicies(config, options, telemetry), (source) => source.close());
  const world = opened.adopt(await openWorld(config, { clock, telemetry }), (open) => open.close());
  const registries = opened.adopt(
    await openRegistries(config, { policies: () => written.current(), localImages: options.localImages, telemetry }),
    (open) => open.close(),
  );
  const { fetch } = registries;
  const policies = opened.adopt(
    followTrustRoots(written, { config, clock, fetch, telemetry, atStart: isService ? "always" : "if-due" }),
    (source) => source.close(),
  );
  // A service answers "undetermined" until then; a command that asks once would never know better.
  if (!isService) await policies.ready();
  const reader = opened.adopt(createThreadedLayerReader({ threads: config.layerThreads }), (threads) =>
    threads.close(),
  );
  const records = createRecords(recordContext({ clock, telemetry, world }), EXTRACTOR_VERSION);
  const layers = new Layers({ images: registries.images, reader, records: records.layers });
  const isCatalogued = options.localImages.length === 0;
  const feed = isCatalogued ? opened.adopt(feedOf(records, telemetry), (one) => one.settle()) : NO_FEED;
  const parts = { config, clock, telemetry, policies, world, registries, records, layers, feed };
  if (isService && isCatalogued) opened.adopt(followBases(parts), (refresh) => refresh?.close());
  return startedApp(parts, opened.move());
}

const NO_FEED: Parts["feed"] = { learn: () => undefined };

function feedOf({ bases }: Records, { events }: Telemetry): BaseFeed {
  return new BaseFeed({ add: (sighting) => bases.add(sighting), onGap: (gap) => events.gapSeen(gap) });
}

function followBases({ config, clock, telemetry, policies, registries, records, layers }: Parts) {
  if (config.baseRefreshMs === undefined) return undefined;
  const { images } = registries;
  return refreshBases({
    policies,
    patternsOf: basePatternsOf,
    intervalMs: config.baseRefreshMs,
    images,
    layers,
    catalogue: records.bases,
    bases: records.bases,
    clock,
    ages: agesOf(config),
    onFollowed: (look) => telemetry.events.basesFollowed(look),
    onRefused: (refusal) => telemetry.events.basesRefused(refusal),
  });
}

function agesOf(config: Config): MaxAges {
  return { signaturesMs: config.signaturesMaxAgeMs, absenceMs: config.absenceMaxAgeMs };
}

type TrustRootParts = Pick<Parts, "config" | "clock" | "telemetry"> & {
  readonly fetch: SafeFetch;
  readonly atStart: "always" | "if-due";
};

function followTrustRoots(policies: PolicySource, { config, clock, fetch, telemetry, atStart }: TrustRootParts) {
  const folder = config.data === undefined ? undefined : join(config.data, "tuf");
  return refreshTrustRoots(policies, {
    source: createTufTrustRootSource({ folder, fetch, clock }),
    clock,
    publicGood: config.tufRefresh ? publicGoodRepository() : undefined,
    check: (authorities) => void compileTrust(authorities, SCHEMES),
    onRefreshed: (read) => telemetry.events.trustRootRefreshed(read),
    onRefused: (refusal) => telemetry.events.trustRootRefused(refusal),
    atStart,
  });
}

function startedApp(parts: Parts, opened: AsyncDisposableStack): App {
  const assay = joinAssay(parts);
  const workers: JobWorker[] = [];
  const apis: RunningApi[] = [];
  return {
    assay,
    policies: parts.policies,
    startApi: async () => {
      const api = await startApi(parts, assay);
      apis.push(api);
      return api;
    },
    startWorkers: async () => {
      workers.push(await parts.world.queue.work(createJobHandler(assay), { concurrency: parts.config.concurrency }));
    },
    close: async (graceMs = 0) => {
      // At the same time: workers that took new jobs while the API winds down would outlast the grace.
      const working = workers.splice(0).map((worker) => worker.close(graceMs));
      await Promise.all([...working, ...apis.splice(0).map((api) => api.close())]);
      await opened.disposeAsync();
    },
  };
}

/** How records are sealed and opened here. */
function recordContext({ clock, telemetry, world }: Pick<Parts, "clock" | "telemetry" | "world">): RecordContext {
  const { store, keyring } = world;
  const onRefused = (space: string, _key: string, why: string): void => telemetry.events.recordRefused({ space, why });
  return { store, keyring, clock, onRefused };
}

function joinAssay(parts: Parts): Assay {
  const { config, clock, telemetry, policies, registries, records, layers, feed, world } = parts;
  const { queue } = world;
  const { images, fetch, notary } = registries;
  return createAssay({
    images,
    fetch,
    notary,
    memory: createTrustMemory(recordContext(parts)),
    clock,
    records,
    policies,
    queue,
    layers,
    bases: records.bases,
    feed,
    schemes: SCHEMES,
    ages: agesOf(config),
    unmatched: config.unmatched,
    observer: telemetry.events,
  });
}

async function startApi(all: Parts, assay: Assay): Promise<RunningApi> {
  const { config, clock, telemetry, policies, world } = all;
  const access = await openApiAccess(config, telemetry);
  telemetry.metrics.watchQueue(() => world.queue.counts());
  const { store, queue } = world;
  const submissions = new SealedBytes(recordContext(all), "request");
  const parts = {
    assay,
    access,
    store,
    queue,
    submissions,
    policies,
    clock,
    telemetry,
    tagMaxAgeMs: config.tagMaxAgeMs,
  };
  const listening = await listen(parts, config.listen).catch((error: unknown) => {
    access.close();
    throw error;
  });
  return {
    address: listening.url,
    close: async () => {
      await listening.close(API_GRACE_MS);
      access.close();
    },
  };
}

/** Calls that wait on purpose are told to stop at once; what is left are short ones. */
const API_GRACE_MS = 10_000;

async function openApiAccess({ tokensFile }: Config, { events }: Telemetry): Promise<Access> {
  return tokensFile === undefined ? openAccess() : openTokensFile({ file: tokensFile, events });
}
