import { embeddedRecordStore } from "../../src/adapters/embedded/record-store.ts";
import { redisRecordStore } from "../../src/adapters/redis/record-store.ts";
import { SYSTEM_CLOCK } from "../support/system-clock.ts";
import { recordStoreContract } from "./record-store.ts";
import { embeddedKeepings, redisKeeping } from "./worlds.ts";

for (const keeping of embeddedKeepings()) {
  recordStoreContract({
    ...keeping,
    open: async (retention, clock = SYSTEM_CLOCK) => embeddedRecordStore(keeping.next(), { retention, clock }),
  });
}

const redis = redisKeeping();
recordStoreContract({
  ...redis,
  open: async (retention, clock = SYSTEM_CLOCK) => {
    const { link, prefix } = redis.next();
    return redisRecordStore(link, { retention, clock, prefix });
  },
});
