import type { Descriptor } from "../../domain/descriptor.ts";
import { InputError } from "../../domain/errors.ts";
import type { Index } from "../../domain/manifest.ts";
import { findTag, tagOf } from "./layout-index.ts";
import type { SubjectMap } from "./layout-referrers.ts";

/** Tags that cosign and the fallback schema give to what refers to an image, as opposed to the image. */
const REFERRER_TAG = /^sha(?:256|384|512)-[a-f0-9]{64,128}(?:\.[a-z]+)?$/;

/** The image a layout is opened for: by its tag, or the only one that refers to nothing else. Throws `InputError`. */
export function chooseRoot(
  layout: { readonly index: Index; readonly place: string; readonly subjects: SubjectMap },
  tag: string | undefined,
): Descriptor {
  const { index, place, subjects } = layout;
  if (tag !== undefined) {
    return findTag(index, tag, place) ?? refuse(`${place} has no tag "${tag.slice(0, 128)}"`, index);
  }
  const referring = new Set([...subjects.values()].flat().map((entry) => entry.digest));
  const images = index.manifests.filter(
    (entry) => !referring.has(entry.digest) && !REFERRER_TAG.test(tagOf(entry) ?? ""),
  );
  const digests = new Set(images.map((entry) => entry.digest));
  const [only] = images;
  if (only === undefined) return refuse(`${place} holds no image`, index);
  return digests.size === 1 ? only : refuse(`${place} holds ${digests.size} images: name one by its tag`, index);
}

function refuse(why: string, index: Index): never {
  const tags = index.manifests.flatMap((entry) => tagOf(entry) ?? []).slice(0, 20);
  throw new InputError("layout", `${why} (tags: ${tags.length === 0 ? "none" : tags.join(", ")})`);
}
