import { createHash } from "node:crypto";

import type { Redis } from "ioredis";

/** A Lua script that Redis runs as one step, known to it by its SHA-1. */
export type RedisScript = { readonly lua: string; readonly sha1: string };

export function redisScript(lua: string): RedisScript {
  return { lua, sha1: createHash("sha1").update(lua).digest("hex") };
}

/** Runs it by name, or sends it whole where Redis has not seen it since its start. */
export async function runScript(
  redis: Redis,
  script: RedisScript,
  keys: readonly string[],
  values: readonly (string | number | Buffer)[],
): Promise<unknown> {
  try {
    return await redis.evalsha(script.sha1, keys.length, ...keys, ...values);
  } catch (error) {
    if (!(error instanceof Error) || !error.message.startsWith("NOSCRIPT")) throw error;
    return redis.eval(script.lua, keys.length, ...keys, ...values);
  }
}
