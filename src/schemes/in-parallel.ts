import { Slices } from "../crypto/slices.ts";

/** Small documents of one image: enough at once to hide latency, few enough for a registry's rate limit. */
const AT_ONCE = 6;

/** The results in the order of the items. The first failure is thrown, and nothing new is begun after it. */
export async function inParallel<T, U>(items: readonly T[], step: (item: T) => Promise<U>): Promise<U[]> {
  const results: U[] = [];
  let next = 0;
  let failed = false;
  const slices = new Slices();
  async function work(): Promise<void> {
    while (next < items.length && !failed) {
      const at = next;
      next += 1;
      try {
        results[at] = await step(items[at] as T);
        await slices.pause();
      } catch (error) {
        failed = true;
        throw error;
      }
    }
  }
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, items.length) }, work));
  return results;
}
