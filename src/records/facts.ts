import type { Digest } from "../domain/digest.ts";
import type { ImageFacts } from "../domain/facts.ts";
import { imageFacts } from "./facts-codec.ts";
import { SealedSpace, type RecordContext, type RecordKind } from "./sealed-space.ts";

const KIND: RecordKind<ImageFacts> = {
  space: "facts",
  version: 1,
  codec: imageFacts,
  length: ({ signatures, attestations, platforms }) => signatures.length + attestations.length + platforms.length,
};

/** What was proved of images, by id. Facts hold instants and never "expired", so they have no expiry of their own. */
export class FactsRecords {
  readonly #space: SealedSpace<ImageFacts>;

  constructor(context: RecordContext) {
    this.#space = new SealedSpace(context, KIND);
  }

  async get(id: Digest): Promise<ImageFacts | undefined> {
    return this.#space.get(id);
  }

  async put(facts: ImageFacts): Promise<void> {
    await this.#space.put(facts.id, facts);
  }
}
