/** Requests a second in the long run, and how many at once after a rest. */
export type Rate = { readonly perSecond: number; readonly burst: number };

/** Many more callers than a service has; beyond it the longest unseen is forgotten, and starts afresh. */
const MAX_KEYS = 10_000;

type Bucket = { left: number; at: number };

/** Token buckets by caller. */
export class RateLimit {
  readonly #rate: Rate;
  readonly #buckets = new Map<string, Bucket>();
  readonly #maxKeys: number;

  constructor(rate: Rate, maxKeys = MAX_KEYS) {
    this.#rate = rate;
    this.#maxKeys = maxKeys;
  }

  /** Takes `cost`, and gives 0; or takes nothing, and gives the whole seconds to wait. `now` in milliseconds. */
  take(key: string, cost: number, now: number): number {
    const { perSecond, burst } = this.#rate;
    const bucket = this.#bucket(key, now);
    bucket.left = Math.min(burst, bucket.left + ((now - bucket.at) / 1000) * perSecond);
    bucket.at = now;
    // A single request that costs more than the bucket holds would otherwise wait for ever.
    const due = Math.min(cost, burst);
    if (bucket.left < due) return Math.max(1, Math.ceil((due - bucket.left) / perSecond));
    bucket.left -= due;
    return 0;
  }

  /** Insertion order is the order of last use. */
  #bucket(key: string, now: number): Bucket {
    const bucket = this.#buckets.get(key) ?? { left: this.#rate.burst, at: now };
    this.#buckets.delete(key);
    this.#buckets.set(key, bucket);
    if (this.#buckets.size > this.#maxKeys) this.#buckets.delete(this.#buckets.keys().next().value ?? key);
    return bucket;
  }
}
