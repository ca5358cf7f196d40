import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { openDatabase, type EmbeddedDatabase } from "../../src/adapters/embedded/database.ts";
import { RedisLink } from "../../src/adapters/redis/link.ts";
import { parseRedisUrl } from "../../src/adapters/redis/target.ts";
import { RedisServer } from "../support/redis.ts";

/** Where something is kept for the length of a suite; each `next` is apart from all before. */
type Keeping<T> = { readonly name: string; start(): Promise<void>; next(): T; stop(): Promise<void> };

/** SQLite in its two forms. */
export function embeddedKeepings(): readonly Keeping<EmbeddedDatabase>[] {
  return [
    databases("a SQLite file", (folder, count) => join(folder, `${count}.db`)),
    databases("SQLite in memory", () => ":memory:"),
  ];
}

function databases(name: string, pathIn: (folder: string, count: number) => string): Keeping<EmbeddedDatabase> {
  const open: EmbeddedDatabase[] = [];
  let folder = "";
  return {
    name,
    start: async () => {
      folder = await mkdtemp(join(tmpdir(), "assay-contract-"));
    },
    next: () => {
      const database = openDatabase(pathIn(folder, open.length));
      open.push(database);
      return database;
    },
    stop: async () => {
      for (const database of open) database.close();
      await rm(folder, { recursive: true });
    },
  };
}

/** One server, with a prefix of its own for each. */
export function redisKeeping(): Keeping<{ readonly link: RedisLink; readonly prefix: string }> {
  let server: RedisServer | undefined;
  let link: RedisLink | undefined;
  let count = 0;
  return {
    name: "Redis",
    start: async () => {
      server = await RedisServer.start();
      link = await RedisLink.open(parseRedisUrl(server.url, { unsafeOpenRedis: false }));
    },
    next: () => {
      count += 1;
      return { link: link!, prefix: `t${count}` };
    },
    stop: async () => {
      await link?.close();
      await server?.[Symbol.asyncDispose]();
    },
  };
}
