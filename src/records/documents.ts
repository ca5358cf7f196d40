import { isDigestOf } from "../crypto/digest-of.ts";
import { plainDescriptor } from "../domain/descriptor.ts";
import type { Digest } from "../domain/digest.ts";
import { ATTESTATION_EXTRACT } from "../domain/media-types.ts";
import type { Document } from "../domain/subject.ts";
import { SealedBytes, type RecordContext } from "./sealed-space.ts";

/** Manifests, configurations and signatures are far smaller; attestations are fetched whole up to this size. */
export const MAX_DOCUMENT_BYTES = 4 * 1024 * 1024;
/** What was taken out of larger attestations, and is in no registry: a message of 32 MiB, and as much for all the rest. */
const MAX_EXTRACT_BYTES = 64 * 1024 * 1024;

/** The version of the layout: media type, line feed, bytes. */
const VERSION = "1 ";

/**
 * Documents by digest, hashed again when read. That one is here says what its bytes are, and nothing of which repository
 * has it or who may read it there.
 */
export class DocumentRecords {
  readonly #bytes: SealedBytes;

  constructor(context: RecordContext) {
    this.#bytes = new SealedBytes(context, "document");
  }

  /** With a descriptor of media type, digest and size only. */
  async get(digest: Digest): Promise<Document | undefined> {
    const [document] = await this.getMany([digest]);
    return document;
  }

  async getMany(digests: readonly Digest[]): Promise<readonly (Document | undefined)[]> {
    const payloads = await this.#bytes.getMany(digests);
    return digests.map((digest, index) => parseDocument(digest, payloads[index]));
  }

  /** Whether it was kept: one that is too large, or whose bytes are not what its digest names, is not. */
  async put({ descriptor, bytes }: Document): Promise<boolean> {
    const { mediaType, digest } = descriptor;
    const limit = mediaType === ATTESTATION_EXTRACT ? MAX_EXTRACT_BYTES : MAX_DOCUMENT_BYTES;
    if (bytes.length > limit || mediaType.includes("\n") || !isDigestOf(digest, bytes)) return false;
    await this.#bytes.put(digest, Buffer.concat([Buffer.from(`${VERSION}${mediaType}\n`), bytes]));
    return true;
  }
}

function parseDocument(digest: Digest, payload: Uint8Array | undefined): Document | undefined {
  if (payload === undefined) return undefined;
  const lineEnd = payload.indexOf(0x0a);
  const lead = Buffer.from(payload.subarray(0, Math.max(lineEnd, 0))).toString("utf8");
  if (lineEnd < 0 || !lead.startsWith(VERSION)) return undefined;
  // A copy: the payload is a view into a larger buffer, which a kept document would hold in memory.
  const bytes = Uint8Array.from(payload.subarray(lineEnd + 1));
  if (!isDigestOf(digest, bytes)) return undefined;
  return { descriptor: plainDescriptor(lead.slice(VERSION.length), digest, bytes.length), bytes };
}
