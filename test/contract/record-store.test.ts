import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { openDatabase, type EmbeddedDatabase } from "../../src/adapters/embedded/database.ts";
import { embeddedRecordStore } from "../../src/adapters/embedded/record-store.ts";
import { RedisLink } from "../../src/adapters/redis/link.ts";
import { redisRecordStore } from "../../src/adapters/redis/record-store.ts";
import { parseRedisUrl } from "../../src/adapters/redis/target.ts";
import { RedisServer } from "../support/redis.ts";
import { SYSTEM_CLOCK } from "../support/system-clock.ts";
import { recordStoreContract, type StoreWorld } from "./record-store.ts";

function embeddedWorld(name: string, pathIn: (folder: string, count: number) => string): StoreWorld {
  const databases: EmbeddedDatabase[] = [];
  let folder = "";
  return {
    name,
    start: async () => {
      folder = await mkdtemp(join(tmpdir(), "assay-records-"));
    },
    open: async (retention, clock = SYSTEM_CLOCK) => {
      const database = openDatabase(pathIn(folder, databases.length));
      databases.push(database);
      return embeddedRecordStore(database, { retention, clock });
    },
    stop: async () => {
      for (const database of databases) database.close();
      await rm(folder, { recursive: true });
    },
  };
}

function redisWorld(): StoreWorld {
  let server: RedisServer | undefined;
  let link: RedisLink | undefined;
  let count = 0;
  return {
    name: "Redis",
    start: async () => {
      server = await RedisServer.start();
      link = await RedisLink.open(parseRedisUrl(server.url, { unsafeOpenRedis: false }));
    },
    open: async (retention, clock = SYSTEM_CLOCK) => {
      count += 1;
      return redisRecordStore(link!, { retention, clock, prefix: `t${count}` });
    },
    stop: async () => {
      await link?.close();
      await server?.[Symbol.asyncDispose]();
    },
  };
}

recordStoreContract(embeddedWorld("a SQLite file", (folder, count) => join(folder, `${count}.db`)));
recordStoreContract(embeddedWorld("SQLite in memory", () => ":memory:"));
recordStoreContract(redisWorld());
