import { formatRepository } from "../domain/reference.ts";
import type { ImageSource } from "../ports/image-source.ts";
import type { Sources } from "../schemes/scheme.ts";

/** All that a source can be asked, with these calls in the place of its own. */
export function withCalls(images: ImageSource, calls: Partial<ImageSource>): ImageSource {
  return {
    resolve: images.resolve.bind(images),
    head: images.head.bind(images),
    manifest: images.manifest.bind(images),
    blob: images.blob.bind(images),
    stream: images.stream.bind(images),
    referrers: images.referrers.bind(images),
    signatures: images.signatures.bind(images),
    tags: images.tags.bind(images),
    repositories: images.repositories.bind(images),
    ...calls,
  };
}

/**
 * The same images for the length of one verification: what is named by its digest is asked for once in it, whoever asks.
 * Lists and tags are asked for each time, and so is what could not be had, since the next look may have it.
 */
export function onceByDigest(images: ImageSource): ImageSource {
  return sharingDocuments(images, onceUnlessFailed());
}

/** Manifests and whole blobs, each shared by all who ask for it under this `once`. */
export function sharingDocuments(images: ImageSource, once: Sources["once"]): ImageSource {
  const manifest: ImageSource["manifest"] = (repository, digest, signal) =>
    once(`manifest ${formatRepository(repository)}@${digest}`, () => images.manifest(repository, digest, signal));
  const blob: ImageSource["blob"] = async (repository, descriptor, limit, signal) => {
    // One that is too large for this caller is refused to it alone; below its limit the size that is asked for decides.
    if (descriptor.size > limit) return await images.blob(repository, descriptor, limit, signal);
    const key = `blob ${formatRepository(repository)}@${descriptor.digest} of ${descriptor.size} bytes`;
    const document = await once(key, () => images.blob(repository, descriptor, limit, signal));
    return document && { descriptor, bytes: document.bytes };
  };
  return withCalls(images, { manifest, blob });
}

function onceUnlessFailed(): Sources["once"] {
  const answers = new Map<string, Promise<unknown>>();
  return async <T>(key: string, look: () => Promise<T>): Promise<T> => {
    const answer = answers.get(key) ?? look();
    answers.set(key, answer);
    try {
      return (await answer) as T;
    } catch (error) {
      if (answers.get(key) === answer) answers.delete(key);
      throw error;
    }
  };
}
