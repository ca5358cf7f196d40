/** Keeps the newest `max` entries, each until its own time on the monotonic clock. */
export class BoundedMap<Value> {
  readonly #entries = new Map<string, { readonly value: Value; readonly until: number }>();
  readonly #max: number;

  constructor(max: number) {
    this.#max = max;
  }

  get(key: string): Value | undefined {
    const entry = this.#entries.get(key);
    return entry === undefined || entry.until <= performance.now() ? undefined : entry.value;
  }

  set(key: string, value: Value, lifetimeMs: number): void {
    this.#entries.delete(key);
    this.#entries.set(key, { value, until: performance.now() + lifetimeMs });
    const [oldest] = this.#entries.keys();
    if (this.#entries.size > this.#max && oldest !== undefined) this.#entries.delete(oldest);
  }

  delete(key: string): void {
    this.#entries.delete(key);
  }
}
