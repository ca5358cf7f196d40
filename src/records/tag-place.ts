import type { Digest } from "../domain/digest.ts";
import { millisOf, type Instant } from "../domain/instant.ts";
import type { CataloguedImage } from "./catalogued-image.ts";

/** Where a tag of a repository points, as far as it was looked at. */
export type TagPlace = {
  /** The manifest or index; `undefined` once the tag was gone. */
  readonly root: Digest | undefined;
  readonly firstSeen: Instant;
  readonly lastSeen: Instant;
  /** What is catalogued of the root: several if it is an index. */
  readonly images: readonly CataloguedImage[];
  /** Whether that is all of it that can be. */
  readonly isWhole: boolean;
  /** Images that the tag has left and whose entries do not all say so yet. */
  readonly leaving: readonly Leaving[];
};

export type Leaving = { readonly image: CataloguedImage; readonly leftAt: Instant };

/** What a look at a tag found. */
export type TagLook = Pick<TagPlace, "root" | "images" | "isWhole"> & { readonly at: Instant };

/** Looks that follow one another more closely than this tell nothing new of a tag that stayed. */
export const SAME_LOOK_MS = 60_000;

/** More is left to be seen as lost: an index has at most 512 entries. */
const MAX_LEAVING = 2048;

/** Where the tag is after one more look, which may be older than the last; the same object if it tells nothing new. */
export function movedBy(place: TagPlace | undefined, look: TagLook): TagPlace {
  const { root, images, isWhole, at } = look;
  const here = { root, images, isWhole, firstSeen: at, lastSeen: at };
  if (place === undefined) return { ...here, leaving: [] };
  if (root !== undefined && place.root === root) return stayed(place, look);
  if (at <= place.lastSeen) return place;
  const left = place.images.filter((image) => !isAmong(images, image)).map((image): Leaving => ({ image, leftAt: at }));
  const before = place.leaving.filter(({ image }) => !isAmong(images, image));
  return { ...here, leaving: [...before, ...left].slice(-MAX_LEAVING) };
}

function stayed(place: TagPlace, { images, isWhole, at }: TagLook): TagPlace {
  const more = images.filter((image) => !isAmong(place.images, image));
  const isNews = more.length > 0 || (isWhole && !place.isWhole) || at < place.firstSeen;
  if (!isNews && millisOf(at) - millisOf(place.lastSeen) < SAME_LOOK_MS) return place;
  return {
    ...place,
    firstSeen: at < place.firstSeen ? at : place.firstSeen,
    lastSeen: at > place.lastSeen ? at : place.lastSeen,
    images: [...place.images, ...more],
    isWhole: place.isWhole || isWhole,
  };
}

/** When the tag was first seen elsewhere after it was seen at these images; `undefined` if it still is there. */
export function leftSince(place: TagPlace, root: Digest, at: Instant): Instant | undefined {
  if (place.root === root) return undefined;
  return at < place.firstSeen ? place.firstSeen : place.lastSeen;
}

export function isAmong(images: readonly CataloguedImage[], { chainId, digest }: CataloguedImage): boolean {
  return images.some((image) => image.chainId === chainId && image.digest === digest);
}
