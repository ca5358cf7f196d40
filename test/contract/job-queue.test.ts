import { embeddedJobQueue } from "../../src/adapters/embedded/job-queue.ts";
import { redisJobQueue } from "../../src/adapters/redis/job-queue.ts";
import { SYSTEM_CLOCK } from "../support/system-clock.ts";
import { jobQueueContract } from "./job-queue.ts";
import { embeddedKeepings, redisKeeping } from "./worlds.ts";

for (const keeping of embeddedKeepings()) {
  jobQueueContract({
    ...keeping,
    place: async () => {
      const database = keeping.next();
      return { open: async (settings) => embeddedJobQueue(database, { ...settings, clock: SYSTEM_CLOCK }) };
    },
  });
}

const redis = redisKeeping();
jobQueueContract({
  ...redis,
  place: async () => {
    const { link, prefix } = redis.next();
    const fixed = { clock: SYSTEM_CLOCK, prefix, onError: () => {} };
    return { open: async (settings) => redisJobQueue(link, { ...settings, ...fixed }) };
  },
});
