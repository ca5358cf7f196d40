import type { Descriptor } from "../domain/descriptor.ts";
import type { Digest } from "../domain/digest.ts";
import type { ImageReference, Registry, Repository, Tag } from "../domain/reference.ts";
import type { Document } from "../domain/subject.ts";

/** Referrers of one digest, and how they were found: the API of distribution-spec 1.1 or its fallback tag. */
export type Referrers = {
  readonly via: "referrers-api" | "referrers-tag";
  readonly descriptors: readonly Descriptor[];
};

/**
 * Reads images from a registry or an OCI layout; never writes. Bytes are returned only after size and digest agreed.
 * "Not there" is `undefined`; a world that does not answer, or lies, throws `PortError`.
 */
export interface ImageSource {
  /** The manifest or index behind a reference; its descriptor's digest is computed from the body. One GET. */
  resolve(reference: ImageReference, signal: AbortSignal): Promise<Document | undefined>;
  /** The digest a tag points to now, without its body. One HEAD. */
  head(reference: ImageReference, signal: AbortSignal): Promise<Digest | undefined>;
  manifest(repository: Repository, digest: Digest, signal: AbortSignal): Promise<Document | undefined>;
  /** A whole small blob; larger than `limit` bytes throws `too-large`. */
  blob(
    repository: Repository,
    descriptor: Descriptor,
    limit: number,
    signal: AbortSignal,
  ): Promise<Document | undefined>;
  /** A blob as it arrives. The last chunk is delivered only after size and digest agreed; otherwise it throws. */
  stream(
    repository: Repository,
    descriptor: Descriptor,
    signal: AbortSignal,
  ): Promise<AsyncIterable<Uint8Array> | undefined>;
  referrers(repository: Repository, digest: Digest, signal: AbortSignal): Promise<Referrers>;
  /**
   * What the registry's signature extension says of a digest, as it was served: JSON that nobody has read. `undefined` if it
   * keeps none; a registry without the extension throws `unsupported`; more than `limit` bytes throw `too-large`.
   */
  signatures(
    repository: Repository,
    digest: Digest,
    limit: number,
    signal: AbortSignal,
  ): Promise<Uint8Array | undefined>;
  tags(repository: Repository, signal: AbortSignal): AsyncIterable<Tag>;
  repositories(registry: Registry, signal: AbortSignal): AsyncIterable<Repository>;
}
