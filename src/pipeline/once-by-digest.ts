import { formatRepository } from "../domain/reference.ts";
import type { ImageSource } from "../ports/image-source.ts";
import type { Sources } from "../schemes/scheme.ts";

/** All that a source can be asked, with these calls in the place of its own. */
export function withCalls(images: ImageSource, calls: Partial<ImageSource>): ImageSource {
  return new ReplacedCalls(images, calls);
}

/** A class, so that a verification that makes several of them makes no function for each call of each. */
class ReplacedCalls implements ImageSource {
  readonly #images: ImageSource;
  readonly #calls: Partial<ImageSource>;

  constructor(images: ImageSource, calls: Partial<ImageSource>) {
    this.#images = images;
    this.#calls = calls;
  }

  resolve(...asked: Parameters<ImageSource["resolve"]>): ReturnType<ImageSource["resolve"]> {
    return this.#calls.resolve?.(...asked) ?? this.#images.resolve(...asked);
  }

  head(...asked: Parameters<ImageSource["head"]>): ReturnType<ImageSource["head"]> {
    return this.#calls.head?.(...asked) ?? this.#images.head(...asked);
  }

  manifest(...asked: Parameters<ImageSource["manifest"]>): ReturnType<ImageSource["manifest"]> {
    return this.#calls.manifest?.(...asked) ?? this.#images.manifest(...asked);
  }

  blob(...asked: Parameters<ImageSource["blob"]>): ReturnType<ImageSource["blob"]> {
    return this.#calls.blob?.(...asked) ?? this.#images.blob(...asked);
  }

  stream(...asked: Parameters<ImageSource["stream"]>): ReturnType<ImageSource["stream"]> {
    return this.#calls.stream?.(...asked) ?? this.#images.stream(...asked);
  }

  referrers(...asked: Parameters<ImageSource["referrers"]>): ReturnType<ImageSource["referrers"]> {
    return this.#calls.referrers?.(...asked) ?? this.#images.referrers(...asked);
  }

  signatures(...asked: Parameters<ImageSource["signatures"]>): ReturnType<ImageSource["signatures"]> {
    return this.#calls.signatures?.(...asked) ?? this.#images.signatures(...asked);
  }

  tags(...asked: Parameters<ImageSource["tags"]>): ReturnType<ImageSource["tags"]> {
    return this.#calls.tags?.(...asked) ?? this.#images.tags(...asked);
  }

  repositories(...asked: Parameters<ImageSource["repositories"]>): ReturnType<ImageSource["repositories"]> {
    return this.#calls.repositories?.(...asked) ?? this.#images.repositories(...asked);
  }
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
