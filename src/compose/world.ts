import { randomUUID } from "node:crypto";
import { chmodSync, existsSync, linkSync, mkdirSync, readFileSync, unlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { openDatabase } from "../adapters/embedded/database.ts";
import { embeddedJobQueue } from "../adapters/embedded/job-queue.ts";
import { embeddedRecordStore } from "../adapters/embedded/record-store.ts";
import { redisJobQueue } from "../adapters/redis/job-queue.ts";
import { RedisLink } from "../adapters/redis/link.ts";
import { redisRecordStore } from "../adapters/redis/record-store.ts";
import { parseRedisUrl } from "../adapters/redis/target.ts";
import { readNamedFile, type Config } from "../config.ts";
import { newSealKeyLine, parseSealKeys, type Keyring } from "../crypto/seal-keys.ts";
import { InputError } from "../domain/errors.ts";
import { DEFAULT_JOB_LIMITS } from "../domain/job-limits.ts";
import type { Clock } from "../ports/clock.ts";
import type { JobQueue } from "../ports/job-queue.ts";
import type { RecordStore } from "../ports/record-store.ts";
import { DEFAULT_RETENTION } from "../ports/retention.ts";
import type { Telemetry } from "../telemetry/telemetry.ts";

/** Where records and jobs are kept: one SQLite file, or Redis. */
export type World = {
  readonly name: "embedded" | "redis";
  readonly store: RecordStore;
  readonly queue: JobQueue;
  readonly keyring: Keyring;
  readonly close: () => Promise<void>;
};

type WorldParts = { readonly clock: Clock; readonly telemetry: Telemetry };

/** Throws `InputError` for settings that cannot be used and `PortError` for a database that cannot be opened. */
export async function openWorld(config: Config, parts: WorldParts): Promise<World> {
  return config.redisUrl === undefined ? openEmbedded(config, parts) : openRedis(config, config.redisUrl, parts);
}

function openEmbedded(config: Config, { clock, telemetry }: WorldParts): World {
  if (config.data !== undefined) mkdirSync(config.data, { recursive: true, mode: 0o700 });
  const keyring = embeddedKeyring(config);
  const database = openDatabase(config.data === undefined ? ":memory:" : join(config.data, "assay.sqlite"));
  const store = embeddedRecordStore(database, { retention: DEFAULT_RETENTION, clock });
  const onRefused = (_id: string, why: string): void => telemetry.events.recordRefused({ space: "job", why });
  const queue = embeddedJobQueue(database, { keyring, clock, limits: DEFAULT_JOB_LIMITS, onRefused });
  const close = async (): Promise<void> => {
    await queue.close();
    await store.close();
    database.close();
  };
  return { name: "embedded", store, queue, keyring, close };
}

/** The file named by the operator, or one made beside the database; in memory alone a key for the life of the process. */
function embeddedKeyring(config: Config): Keyring {
  if (config.sealKeysFile !== undefined) return sealKeysOf(config.sealKeysFile);
  if (config.data === undefined) return parseSealKeys(newSealKeyLine("memory"), "memory");
  const file = join(config.data, "seal-keys");
  if (!existsSync(file)) makeSealKeys(file);
  chmodSync(file, 0o600);
  return parseSealKeys(readFileSync(file, "utf8"), file);
}

/** Whole and on the disk before anything is sealed with it; of two processes that make one, the first's counts. */
function makeSealKeys(file: string): void {
  const draft = `${file}.${randomUUID()}`;
  writeFileSync(draft, newSealKeyLine("first"), { mode: 0o600, flag: "wx", flush: true });
  try {
    linkSync(draft, file);
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "EEXIST")) throw error;
  } finally {
    unlinkSync(draft);
  }
}

function sealKeysOf(file: string): Keyring {
  return parseSealKeys(readNamedFile("ASSAY_SEAL_KEYS_FILE", file), file);
}

async function openRedis(config: Config, url: string, { clock, telemetry }: WorldParts): Promise<World> {
  if (config.sealKeysFile === undefined) {
    throw new InputError(
      "configuration",
      "REDIS_URL is set but ASSAY_SEAL_KEYS_FILE is not: processes that share Redis must share seal keys; write a file with a line such as k1: and the output of `openssl rand -base64 32`",
    );
  }
  const keyring = sealKeysOf(config.sealKeysFile);
  const target = parseRedisUrl(url, { unsafeOpenRedis: config.unsafePlaintextRedis });
  const onError = (error: Error): void => telemetry.log.warn("redis connection", { detail: error.message });
  const link = await RedisLink.open(target, { onError });
  const store = redisRecordStore(link, { retention: DEFAULT_RETENTION, clock });
  const onRefused = (_id: string, why: string): void => telemetry.events.recordRefused({ space: "job", why });
  const queue = redisJobQueue(link, { keyring, clock, limits: DEFAULT_JOB_LIMITS, onRefused, onError });
  const close = async (): Promise<void> => {
    await queue.close();
    await store.close();
    await link.close();
  };
  return { name: "redis", store, queue, keyring, close };
}
