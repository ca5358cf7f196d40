/**
 * Gathers calls made in one turn of the event loop and answers them together, so that many submissions cost one wait for
 * the disk. If the lot is refused, each is tried alone: one caller's refusal is not another's.
 */
export class Batch<In, Out> {
  readonly #answer: (items: readonly In[]) => readonly Out[];
  #waiting: { readonly item: In; readonly settle: PromiseWithResolvers<Out> }[] = [];

  constructor(answer: (items: readonly In[]) => readonly Out[]) {
    this.#answer = answer;
  }

  add(item: In): Promise<Out> {
    const settle = Promise.withResolvers<Out>();
    this.#waiting.push({ item, settle });
    if (this.#waiting.length === 1) setImmediate(() => this.#flush());
    return settle.promise;
  }

  #flush(): void {
    const lot = this.#waiting;
    this.#waiting = [];
    try {
      const answers = this.#answer(lot.map(({ item }) => item));
      for (const [index, { settle }] of lot.entries()) settle.resolve(answers[index] as Out);
    } catch (error) {
      if (lot.length === 1) lot[0]?.settle.reject(error);
      else for (const one of lot) this.#alone(one);
    }
  }

  #alone({ item, settle }: { readonly item: In; readonly settle: PromiseWithResolvers<Out> }): void {
    try {
      settle.resolve(this.#answer([item])[0] as Out);
    } catch (error) {
      settle.reject(error);
    }
  }
}
