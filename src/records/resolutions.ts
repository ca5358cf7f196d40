import type { Digest } from "../domain/digest.ts";
import type { Instant } from "../domain/instant.ts";
import { digest, instant } from "./basic-codecs.ts";
import { struct } from "./codec.ts";
import { SealedSpace, type RecordContext, type RecordKind } from "./sealed-space.ts";

/** Where a tag pointed when it was looked at. Perishable: how old is too old is the asker's to say. */
export type Resolution = { readonly digest: Digest; readonly observedAt: Instant };

const KIND: RecordKind<Resolution> = {
  space: "resolution",
  version: 1,
  codec: struct({ digest, observedAt: instant }),
};

export class ResolutionRecords {
  readonly #space: SealedSpace<Resolution>;

  constructor(context: RecordContext) {
    this.#space = new SealedSpace(context, KIND);
  }

  /** `reference` is the canonical reference with its tag. */
  async get(reference: string): Promise<Resolution | undefined> {
    return this.#space.get(reference);
  }

  async put(reference: string, resolution: Resolution): Promise<void> {
    await this.#space.put(reference, resolution);
  }
}
