import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { openDatabase, type EmbeddedDatabase } from "../../src/adapters/embedded/database.ts";
import { embeddedJobQueue } from "../../src/adapters/embedded/job-queue.ts";
import { redisJobQueue } from "../../src/adapters/redis/job-queue.ts";
import { RedisLink } from "../../src/adapters/redis/link.ts";
import { parseRedisUrl } from "../../src/adapters/redis/target.ts";
import { RedisServer } from "../support/redis.ts";
import { SYSTEM_CLOCK } from "../support/system-clock.ts";
import { jobQueueContract, type QueueWorld } from "./job-queue.ts";

function embeddedWorld(name: string, pathIn: (folder: string, count: number) => string): QueueWorld {
  const databases: EmbeddedDatabase[] = [];
  let folder = "";
  return {
    name,
    start: async () => {
      folder = await mkdtemp(join(tmpdir(), "assay-jobs-"));
    },
    place: async () => {
      const database = openDatabase(pathIn(folder, databases.length));
      databases.push(database);
      return { open: async (settings) => embeddedJobQueue(database, { ...settings, clock: SYSTEM_CLOCK }) };
    },
    stop: async () => {
      for (const database of databases) database.close();
      await rm(folder, { recursive: true });
    },
  };
}

function redisWorld(): QueueWorld {
  let server: RedisServer | undefined;
  let link: RedisLink | undefined;
  let count = 0;
  return {
    name: "Redis",
    start: async () => {
      server = await RedisServer.start();
      link = await RedisLink.open(parseRedisUrl(server.url, { unsafeOpenRedis: false }));
    },
    place: async () => {
      count += 1;
      const prefix = `t${count}`;
      return {
        open: async (settings) => redisJobQueue(link!, { ...settings, clock: SYSTEM_CLOCK, prefix, onError: () => {} }),
      };
    },
    stop: async () => {
      await link?.close();
      await server?.[Symbol.asyncDispose]();
    },
  };
}

jobQueueContract(embeddedWorld("a SQLite file", (folder, count) => join(folder, `${count}.db`)));
jobQueueContract(embeddedWorld("SQLite in memory", () => ":memory:"));
jobQueueContract(redisWorld());
