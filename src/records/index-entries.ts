import type { Digest } from "../domain/digest.ts";
import type { Repository } from "../domain/reference.ts";
import { digest } from "./basic-codecs.ts";
import { list, struct } from "./codec.ts";
import { placeOf } from "./place.ts";
import { SealedSpace, type RecordContext, type RecordKind } from "./sealed-space.ts";

type Containing = { readonly indexes: readonly Digest[] };

const KIND: RecordKind<Containing> = {
  space: "index-entry",
  version: 1,
  codec: struct({ indexes: list(digest) }),
};

/** A manifest rebuilt into ever new indexes would otherwise collect them for ever; each costs a search for signatures. */
export const MAX_CONTAINING_INDEXES = 16;

/**
 * In which indexes of its repository a manifest was seen, newest first: a signature on one of them may speak for it. Two
 * processes that add to one manifest at the same time can lose an entry, which costs an answer and never gives one.
 */
export class IndexEntryRecords {
  readonly #space: SealedSpace<Containing>;
  #adding: Promise<unknown> = Promise.resolve();

  constructor(context: RecordContext) {
    this.#space = new SealedSpace(context, KIND);
  }

  async containing(repository: Repository, manifest: Digest): Promise<readonly Digest[]> {
    return (await this.#space.get(placeOf(repository, manifest)))?.indexes ?? [];
  }

  /** That `index` lists these manifests. One addition at a time, since each reads what it writes. */
  async add(repository: Repository, index: Digest, manifests: readonly Digest[]): Promise<void> {
    const added = this.#adding.then(async () => {
      for (const manifest of new Set(manifests)) await this.#addOne(placeOf(repository, manifest), index);
    });
    this.#adding = added.catch(() => {});
    return added;
  }

  async #addOne(key: string, index: Digest): Promise<void> {
    const known = (await this.#space.get(key))?.indexes ?? [];
    if (known[0] === index) return;
    const indexes = [index, ...known.filter((other) => other !== index)].slice(0, MAX_CONTAINING_INDEXES);
    await this.#space.put(key, { indexes });
  }
}
