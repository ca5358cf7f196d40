import { isDigestOf } from "../crypto/digest-of.ts";
import type { Digest } from "../domain/digest.ts";
import { ATTESTATION_EXTRACT, NOTARY_METADATA, REVOCATION_LIST } from "../domain/media-types.ts";
import type { Document } from "../domain/subject.ts";
import type { RecordContext } from "./sealed-space.ts";

/** Manifests, configurations and signatures are far smaller; attestations are fetched whole up to this size. */
export const MAX_DOCUMENT_BYTES = 4 * 1024 * 1024;
/**
 * What is in no registry cannot be fetched again by its digest, and a dossier without it is not whole: then the image would be
 * looked at anew each time. So it is kept as large as it is read: extracts of attestations, lists of revocations, Notary's files.
 * The largest is an extract: a message of 32 MiB, and as much for all the rest.
 */
export const MAX_UNFETCHABLE_BYTES = 64 * 1024 * 1024;
const UNFETCHABLE: readonly string[] = [ATTESTATION_EXTRACT, REVOCATION_LIST, NOTARY_METADATA];

const SPACE = "document";

/**
 * Bytes by digest. They bear no seal, since their name says what they are: whoever reads them hashes them. That some are
 * here says nothing of what they are taken for, which repository has them or who may read them there.
 */
export class DocumentRecords {
  readonly #context: RecordContext;

  constructor(context: RecordContext) {
    this.#context = context;
  }

  async getMany(digests: readonly Digest[]): Promise<readonly (Uint8Array | undefined)[]> {
    const found = await this.#context.store.getMany(SPACE, digests);
    return digests.map((digest, index) => this.#checked(digest, found[index]));
  }

  /** Whether it was kept: one that is too large is not. */
  async put({ descriptor, bytes }: Document): Promise<boolean> {
    const { mediaType, digest } = descriptor;
    const limit = UNFETCHABLE.includes(mediaType) ? MAX_UNFETCHABLE_BYTES : MAX_DOCUMENT_BYTES;
    if (bytes.length > limit) return false;
    // One list of revocations serves many images; reading it costs less than writing it again for each of them.
    if (bytes.length > MAX_DOCUMENT_BYTES && (await this.#has(digest))) return true;
    await this.#context.store.put(SPACE, digest, bytes);
    return true;
  }

  async #has(digest: Digest): Promise<boolean> {
    const [bytes] = await this.getMany([digest]);
    return bytes !== undefined;
  }

  #checked(digest: Digest, bytes: Uint8Array | undefined): Uint8Array | undefined {
    if (bytes === undefined) return undefined;
    // A copy: a store may hand out a view into a larger buffer, which a kept document would hold in memory.
    if (isDigestOf(digest, bytes)) return Uint8Array.from(bytes);
    this.#context.onRefused(SPACE, digest, "forged");
    return undefined;
  }
}
