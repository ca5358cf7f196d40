import { PortError } from "../../domain/errors.ts";
import { millisOf } from "../../domain/instant.ts";
import type { Clock } from "../../ports/clock.ts";
import type { RedisLink } from "./link.ts";
import { formatTarget } from "./target.ts";

/** BullMQ's scripts need what came with it. */
const MIN_VERSION = [6, 2] as const;
/** Expiry in Redis and validity in verdicts are told by two clocks. */
const MAX_SKEW_MS = 60_000;

/**
 * Whether Redis can be relied upon, beyond answering: any eviction policy but `noeviction` drops accepted jobs when memory
 * runs out. Throws `PortError` (`store-unavailable`) naming the setting.
 */
export async function assertReady(link: RedisLink, clock: Clock): Promise<void> {
  const { info, seconds } = await link.run(async (redis) => {
    const [info, time] = await Promise.all([redis.info(), redis.time()]);
    return { info, seconds: Number(time[0]) };
  });
  const problem =
    versionProblem(field(info, "redis_version")) ??
    evictionProblem(field(info, "maxmemory_policy")) ??
    skewProblem(seconds * 1000 - millisOf(clock.now()));
  if (problem !== undefined) throw new PortError("store-unavailable", formatTarget(link.target), problem);
}

function field(info: string, name: string): string | undefined {
  return new RegExp(`^${name}:(.*?)\\r?$`, "m").exec(info)?.[1];
}

function versionProblem(version: string | undefined): string | undefined {
  const [major = 0, minor = 0] = (version ?? "").split(".").map(Number);
  if (version === undefined || major > MIN_VERSION[0] || (major === MIN_VERSION[0] && minor >= MIN_VERSION[1])) return;
  return `is version ${version}: ${MIN_VERSION.join(".")} or newer is needed`;
}

/** Some hosted ones do not tell; those are believed. */
function evictionProblem(policy: string | undefined): string | undefined {
  if (policy === undefined || policy === "noeviction") return;
  return `has maxmemory-policy ${policy}, which drops accepted jobs: set it to noeviction`;
}

function skewProblem(skewMs: number): string | undefined {
  if (Math.abs(skewMs) <= MAX_SKEW_MS) return;
  return `has a clock that differs by ${Math.round(Math.abs(skewMs) / 1000)} s from ours: synchronise both`;
}
