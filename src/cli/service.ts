import type { Config } from "../config.ts";
import { formatDuration } from "../domain/duration.ts";
import type { App } from "../app.ts";
import { EXIT, type ExitCode } from "./exit-code.ts";
import type { Io, StopSignal } from "./io.ts";
import { printable } from "./terminal-text.ts";

/** What a process that answers others tells its operator at the start: where it keeps things and what it judges by. */
export function inForceLines(config: Config, app: App): readonly string[] {
  const { policies, authorities, warnings } = app.policies.current();
  const names =
    policies.length === 0 ? "none, so that every image is denied" : policies.map(({ name }) => name).join(", ");
  const problem = app.policies.problem();
  const lines = [
    `world: ${worldOf(config)}`,
    `policies from ${config.policy}: ${names}; authorities: ${authorities.map(({ name }) => name).join(", ") || "none"}`,
    ...warnings.map(({ message, at }) => `warning: ${at.file}:${at.line}:${at.column}: ${message}`),
    ...(problem === undefined ? [] : [`problem: ${problem}`]),
    ...weakenings(config).map((option) => `lowered security: ${option}`),
  ];
  return lines.map(printable);
}

/** The address of Redis may hold a password, so only its host is shown. */
function worldOf({ redisUrl, data }: Config): string {
  if (redisUrl !== undefined) return `redis at ${URL.canParse(redisUrl) ? new URL(redisUrl).host : "REDIS_URL"}`;
  return data === undefined ? "embedded, in memory (ASSAY_DATA keeps it)" : `embedded, in ${data}`;
}

function weakenings(config: Config): readonly string[] {
  return [
    ...(config.unmatched === "deny" ? [] : [`ASSAY_UNSAFE_UNMATCHED=${config.unmatched.replace("unsafe-", "")}`]),
    ...config.unsafePlainHttp.map((host) => `plain HTTP to ${host}`),
    ...(config.unsafePlaintextRedis ? ["ASSAY_UNSAFE_PLAINTEXT_REDIS"] : []),
  ];
}

/**
 * Waits for SIGINT or SIGTERM, then closes in order. A second signal ends the wait at once, with the code shells expect;
 * work cut off so is taken up again by whoever has the store.
 */
export async function runUntilStopped(io: Io, graceMs: number, close: () => Promise<void>): Promise<ExitCode> {
  const first = Promise.withResolvers<StopSignal>();
  const second = Promise.withResolvers<ExitCode>();
  let isStopping = false;
  const release = io.onStop((signal) => {
    if (isStopping) second.resolve(signal === "SIGINT" ? EXIT.interrupted : EXIT.terminated);
    isStopping = true;
    first.resolve(signal);
  });
  try {
    const signal = await first.promise;
    io.err(`${signal}: finishing what is running, for at most ${formatDuration(graceMs)}; once more ends at once\n`);
    return await Promise.race([close().then(() => EXIT.allowed), second.promise]);
  } finally {
    release();
  }
}
