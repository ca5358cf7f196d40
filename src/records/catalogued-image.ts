import type { CatalogueEntry, TagSpan } from "../domain/base-image.ts";
import type { Digest } from "../domain/digest.ts";
import type { Instant } from "../domain/instant.ts";
import type { Platform } from "../domain/platform.ts";
import { formatRepository, type Repository, type Tag } from "../domain/reference.ts";

/** One image for one platform, and the file system that its layers make. */
export type CataloguedImage = {
  /** Of all its layers. */
  readonly chainId: Digest;
  readonly platform: Platform;
  readonly digest: Digest;
  readonly index: Digest | undefined;
};

/** That an image was seen in a repository at an instant, and under a tag if one led to it. */
export type ImageSighting = {
  readonly repository: Repository;
  readonly image: CataloguedImage;
  readonly at: Instant;
  readonly tag: Tag | undefined;
};

/** How many images of one file system are told apart: mirrors, and builds that differ in configuration alone. */
export const MAX_ENTRIES = 32;
/** How many tags of one image are kept. */
export const MAX_SPANS = 32;

/** The entries with one more sighting, the last seen first; `undefined` if it tells nothing new. */
export function withSighting(
  entries: readonly CatalogueEntry[],
  sighting: ImageSighting,
): readonly CatalogueEntry[] | undefined {
  const known = entries.find((entry) => isOf(entry, sighting.repository, sighting.image.digest));
  const next = known === undefined ? newEntry(sighting) : seenAgain(known, sighting);
  if (next === known) return undefined;
  const others = entries.filter((entry) => entry !== known).sort((a, b) => compare(lastSeen(b), lastSeen(a)));
  return [next, ...others].slice(0, MAX_ENTRIES);
}

/** The entries after a tag went on; `undefined` if that was known, or is contradicted by a later look. */
export function withoutTag(
  entries: readonly CatalogueEntry[],
  { repository, image, tag, leftAt }: { repository: Repository; image: CataloguedImage; tag: Tag; leftAt: Instant },
): readonly CatalogueEntry[] | undefined {
  const known = entries.find((entry) => isOf(entry, repository, image.digest));
  const span = known?.tags.find((one) => one.tag === tag);
  if (known === undefined || span === undefined) return undefined;
  const isKnown = span.leftAt !== undefined && span.leftAt <= leftAt;
  if (isKnown || span.lastSeen > leftAt) return undefined;
  const tags = known.tags.map((one) => (one === span ? { ...span, leftAt } : one));
  return entries.map((entry) => (entry === known ? { ...known, tags } : entry));
}

/**
 * An entry as it is told, its tags by name. An open span that nobody looked at since `before` counts as left when it was last
 * seen: the tag may have gone the moment after.
 */
export function withLostTags(entry: CatalogueEntry, before: Instant): CatalogueEntry {
  const tags = entry.tags.map((span) =>
    span.leftAt === undefined && span.lastSeen < before ? { ...span, leftAt: span.lastSeen } : span,
  );
  return { ...entry, tags: tags.sort((a, b) => compare(a.tag, b.tag)) };
}

function isOf(entry: CatalogueEntry, repository: Repository, digest: Digest): boolean {
  return entry.digest === digest && formatRepository(entry.repository) === formatRepository(repository);
}

function newEntry({ repository, image, at, tag }: ImageSighting): CatalogueEntry {
  const { digest, index, platform } = image;
  const tags = tag === undefined ? [] : [newSpan(tag, at)];
  return { repository, digest, index, platform, tags, firstSeen: at };
}

function newSpan(tag: Tag, at: Instant): TagSpan {
  return { tag, firstSeen: at, lastSeen: at, leftAt: undefined };
}

function seenAgain(known: CatalogueEntry, { image, at, tag }: ImageSighting): CatalogueEntry {
  const index = image.index ?? known.index;
  const firstSeen = at < known.firstSeen ? at : known.firstSeen;
  const tags = tag === undefined ? known.tags : withSpan(known.tags, tag, at);
  const isNews = index !== known.index || firstSeen !== known.firstSeen || tags !== known.tags;
  return isNews ? { ...known, index, firstSeen, tags } : known;
}

function withSpan(spans: readonly TagSpan[], tag: Tag, at: Instant): readonly TagSpan[] {
  const known = spans.find((span) => span.tag === tag);
  const next = known === undefined ? newSpan(tag, at) : extended(known, at);
  const others = spans.filter((span) => span !== known).sort((a, b) => compare(b.lastSeen, a.lastSeen));
  return [next, ...others].slice(0, MAX_SPANS);
}

/** A tag that came back is here again; a look that was overtaken by its leaving changes nothing about that. */
function extended(known: TagSpan, at: Instant): TagSpan {
  return {
    tag: known.tag,
    firstSeen: at < known.firstSeen ? at : known.firstSeen,
    lastSeen: at > known.lastSeen ? at : known.lastSeen,
    leftAt: known.leftAt !== undefined && known.leftAt < at ? undefined : known.leftAt,
  };
}

function lastSeen({ firstSeen, tags }: CatalogueEntry): Instant {
  return tags.reduce((last, span) => (span.lastSeen > last ? span.lastSeen : last), firstSeen);
}

function compare(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}
