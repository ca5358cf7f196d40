/**
 * A process of its own that works a queue, to be killed. Arguments: `embedded FILE` or `redis URL`, then the seal key's
 * line, the number of slots, and how many jobs to submit, counted from which. Prints `accepted N ID` for each accepted
 * job, `began IMAGE` and `ended IMAGE` for each attempt, and `ready` once it works. The image `poison` kills it.
 */
import { writeSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";

import { parseSealKeys } from "../../src/crypto/seal-keys.ts";
import { digestOf } from "../../src/crypto/digest-of.ts";
import { DEFAULT_JOB_LIMITS } from "../../src/domain/job-limits.ts";
import type { JobQueue } from "../../src/ports/job-queue.ts";
import { SYSTEM_CLOCK } from "./system-clock.ts";

const [world = "", place = "", keyLine = "", slots = "4", from = "0", to = "0", lockMs = "1000"] =
  process.argv.slice(2);

const common = {
  keyring: parseSealKeys(keyLine, "argument"),
  clock: SYSTEM_CLOCK,
  limits: { ...DEFAULT_JOB_LIMITS, backoffBaseMs: 20 },
  onRefused: () => say("refused"),
};

// Straight to the pipe, so that nothing that was said is lost with the process.
function say(line: string): void {
  writeSync(1, `${line}\n`);
}

/** Each world is loaded alone, which makes the process start in a third of the time. */
async function openQueue(): Promise<JobQueue> {
  return world === "embedded" ? openEmbedded() : openRedis();
}

async function openEmbedded(): Promise<JobQueue> {
  const { openDatabase } = await import("../../src/adapters/embedded/database.ts");
  const { embeddedJobQueue } = await import("../../src/adapters/embedded/job-queue.ts");
  return embeddedJobQueue(openDatabase(place), common);
}

async function openRedis(): Promise<JobQueue> {
  const { redisJobQueue } = await import("../../src/adapters/redis/job-queue.ts");
  const { RedisLink } = await import("../../src/adapters/redis/link.ts");
  const { parseRedisUrl } = await import("../../src/adapters/redis/target.ts");
  const link = await RedisLink.open(parseRedisUrl(place, { unsafeOpenRedis: false }));
  const lock = Number(lockMs);
  const timing = { lockMs: lock, stalledMs: lock / 2, watchdogMs: lock };
  return redisJobQueue(link, { ...common, timing, onError: () => {} });
}

const queue = await openQueue();
await queue.work(
  async ({ job }) => {
    say(`began ${job.image}`);
    if (job.image === "poison") process.kill(process.pid, "SIGKILL");
    await sleep(job.image === "slow" ? 60_000 : 5 + Math.random() * 20);
    say(`ended ${job.image}`);
    return { kind: "done", verdict: digestOf(job.image) };
  },
  { concurrency: Number(slots) },
);
say("ready");
for (let index = Number(from); index < Number(to); index += 1) {
  const { id } = await queue.enqueue({ kind: "verify", image: `${index}` }, { key: `${index}`, priority: "normal" });
  say(`accepted ${index} ${id}`);
}
// The embedded queue's timers let a process end; this one stays until it is killed.
setInterval(() => {}, 1000);
