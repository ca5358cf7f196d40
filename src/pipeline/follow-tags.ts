import type { Digest } from "../domain/digest.ts";
import { PortError } from "../domain/errors.ts";
import type { Instant } from "../domain/instant.ts";
import { formatRepository, type Repository, type Tag } from "../domain/reference.ts";
import { collectBase, type SeenTag } from "./collect-base.ts";
import type { LeafParts } from "./collect-leaf.ts";
import type { BaseCatalogue, BaseSighting } from "../records/base-catalogue.ts";

/** Of a repository with more tags the last as listed are followed; most registries list by name. */
export const MAX_TAGS = 1000;

/** Few enough to leave a registry's rate limit to those who wait for a verdict. */
const AT_ONCE = 2;

/** Tags that clients write beside an image for its signatures and attestations; they lead to no image. */
const ATTACHED = /^sha256-[0-9a-f]{64}(?:\.|$)/;

export type TagParts = LeafParts & { readonly catalogue: BaseCatalogue };

/** What came of following a repository's tags. */
export type FollowedTags = {
  readonly tags: number;
  /** How many led to something that was not known. */
  readonly added: number;
  readonly failed: number;
  /** The first failure. */
  readonly detail: string | undefined;
};

/**
 * Looks where each tag of a repository points: one list, one HEAD a tag, and whatever is new. Throws `PortError` if there is
 * no list or no store.
 */
export async function followTags(repository: Repository, parts: TagParts, signal: AbortSignal): Promise<FollowedTags> {
  const { catalogue, clock } = parts;
  const readAt = clock.now();
  const before = await catalogue.lastLook(repository);
  const listed = await listedTags(repository, parts, signal);
  for (const tag of before?.tags ?? []) if (!listed.has(tag)) await catalogue.gone({ repository, tag }, readAt);
  const tags = [...listed].filter((tag) => !ATTACHED.test(tag)).slice(-MAX_TAGS);
  const failures: string[] = [];
  const look = lookOnce(parts, signal);
  let added = 0;
  await eachOf(tags, async (tag) => {
    const failure = await attempt(signal, async () => {
      if (await followTag({ repository, tag }, look, parts, signal)) added += 1;
    });
    if (failure !== undefined) failures.push(failure);
  });
  await catalogue.looked(repository, { readAt, tags });
  return { tags: tags.length, added, failed: failures.length, detail: failures[0] };
}

/** A repository that is gone has no tags any more. */
async function listedTags(
  repository: Repository,
  { images }: TagParts,
  signal: AbortSignal,
): Promise<ReadonlySet<Tag>> {
  const tags = new Set<Tag>();
  try {
    for await (const tag of images.tags(repository, signal)) tags.add(tag);
  } catch (error) {
    const isGone = error instanceof PortError && error.code === "not-found" && tags.size === 0;
    if (!isGone) throw error;
  }
  return tags;
}

/** Many tags lead to one image, which is looked into once. */
function lookOnce(parts: TagParts, signal: AbortSignal): (seen: SeenTag) => Promise<BaseSighting> {
  const looks = new Map<Digest, Promise<BaseSighting>>();
  return async (seen) => {
    const look = looks.get(seen.digest) ?? collectBase(seen, parts, signal);
    looks.set(seen.digest, look);
    return { ...(await look), tag: seen.tag, at: seen.at };
  };
}

/** Whether it led to something new. The instant before the look is what the look is certain to show. */
async function followTag(
  { repository, tag }: { readonly repository: Repository; readonly tag: Tag },
  look: (seen: SeenTag) => Promise<BaseSighting>,
  { images, catalogue, clock }: TagParts,
  signal: AbortSignal,
): Promise<boolean> {
  const at: Instant = clock.now();
  const digest = await images.head({ kind: "tag", repository, tag }, signal);
  if (digest === undefined) {
    await catalogue.gone({ repository, tag }, at);
    return false;
  }
  if (await catalogue.isKnown({ repository, tag }, digest, at)) return false;
  const sighting = await look({ repository, tag, digest, at });
  await catalogue.add(sighting);
  if (!sighting.isWhole) {
    const what = `${formatRepository(repository)}:${tag}`;
    throw new PortError("unreachable", what, "not all of its platforms could be read; they are read again next time");
  }
  return true;
}

/** One tag that cannot be read keeps no other from being read. */
async function attempt(signal: AbortSignal, step: () => Promise<void>): Promise<string | undefined> {
  try {
    await step();
    return undefined;
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof PortError) return error.message;
    throw error;
  }
}

async function eachOf<T>(items: readonly T[], step: (item: T) => Promise<void>): Promise<void> {
  const left = items[Symbol.iterator]();
  const work = async (): Promise<void> => {
    for (let next = left.next(); next.done !== true; next = left.next()) await step(next.value);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
}
