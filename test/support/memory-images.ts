import { digestOf } from "../../src/crypto/digest-of.ts";
import { plainDescriptor, type Descriptor } from "../../src/domain/descriptor.ts";
import type { Digest } from "../../src/domain/digest.ts";
import { PortError } from "../../src/domain/errors.ts";
import type { ImageReference, Registry, Repository, Tag } from "../../src/domain/reference.ts";
import type { Document } from "../../src/domain/subject.ts";
import type { ImageSource, Referrers } from "../../src/ports/image-source.ts";
import type { Artifact } from "./signing/artifact.ts";

/** A registry in memory that holds one repository and remembers what it was asked for. */
export class MemoryImages implements ImageSource {
  readonly asked: string[] = [];
  /** What the signature extension serves, for every digest. */
  extension: Uint8Array | undefined;
  readonly #manifests = new Map<string, Document>();
  readonly #blobs = new Map<string, Uint8Array>();
  readonly #referrers = new Map<string, Descriptor[]>();

  /** Stores an artifact with its blobs, under its tag if it has one. */
  put(artifact: Artifact): this {
    const descriptor = plainDescriptor(artifact.mediaType, artifact.digest, artifact.manifest.length);
    const document = { descriptor, bytes: artifact.manifest };
    this.#manifests.set(artifact.digest, document);
    if (artifact.tag !== undefined) this.#manifests.set(artifact.tag, document);
    for (const blob of artifact.blobs) this.#blobs.set(digestOf(blob), blob);
    return this;
  }

  /** Stores an artifact and lists it as a referrer, under the type a client or registry would list it by. */
  refer(subject: Digest, artifact: Artifact, artifactType: string | undefined): this {
    this.put(artifact);
    const descriptor = {
      ...plainDescriptor(artifact.mediaType, artifact.digest, artifact.manifest.length),
      artifactType,
    };
    this.#referrers.set(subject, [...(this.#referrers.get(subject) ?? []), descriptor]);
    return this;
  }

  forget(digest: Digest): this {
    this.#manifests.delete(digest);
    this.#blobs.delete(digest);
    return this;
  }

  async resolve(reference: ImageReference): Promise<Document | undefined> {
    const key = reference.kind === "tag" ? reference.tag : reference.digest;
    this.asked.push(`manifest ${key}`);
    return await Promise.resolve(this.#manifests.get(key));
  }

  async head(reference: ImageReference): Promise<Digest | undefined> {
    return (await this.resolve(reference))?.descriptor.digest;
  }

  async manifest(_repository: Repository, digest: Digest): Promise<Document | undefined> {
    this.asked.push(`manifest ${digest}`);
    return await Promise.resolve(this.#manifests.get(digest));
  }

  async blob(repository: Repository, descriptor: Descriptor, limit: number): Promise<Document | undefined> {
    this.asked.push(`blob ${descriptor.digest}`);
    const bytes = this.#blobs.get(descriptor.digest);
    if (bytes === undefined) return await Promise.resolve(undefined);
    const what = `${repository.path} blob ${descriptor.digest}`;
    if (bytes.length > limit) throw new PortError("too-large", what, "too large");
    if (bytes.length !== descriptor.size) throw new PortError("digest-mismatch", what, "another size");
    return { descriptor, bytes };
  }

  async stream(_repository: Repository, descriptor: Descriptor): Promise<AsyncIterable<Uint8Array> | undefined> {
    this.asked.push(`stream ${descriptor.digest}`);
    const bytes = this.#blobs.get(descriptor.digest);
    return await Promise.resolve(bytes === undefined ? undefined : pieces(bytes));
  }

  async referrers(_repository: Repository, digest: Digest): Promise<Referrers> {
    this.asked.push(`referrers ${digest}`);
    return await Promise.resolve({ via: "referrers-tag", descriptors: this.#referrers.get(digest) ?? [] });
  }

  async signatures(_repository: Repository, digest: Digest): Promise<Uint8Array | undefined> {
    this.asked.push(`signatures ${digest}`);
    return await Promise.resolve(this.extension);
  }

  tags(): AsyncIterable<Tag> {
    return nothing();
  }

  repositories(_registry: Registry): AsyncIterable<Repository> {
    return nothing();
  }
}

/** As a network brings them, in pieces of odd sizes. */
async function* pieces(bytes: Uint8Array): AsyncIterable<Uint8Array> {
  for (let at = 0; at < bytes.length; at += 65_521) {
    await Promise.resolve();
    yield bytes.subarray(at, at + 65_521);
  }
}

async function* nothing<T>(): AsyncIterable<T> {
  await Promise.resolve();
  const items: T[] = [];
  yield* items;
}
