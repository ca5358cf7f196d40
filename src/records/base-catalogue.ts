import { addressOf } from "../crypto/digest-of.ts";
import type { BaseCandidate, CatalogueEntry } from "../domain/base-image.ts";
import type { Digest } from "../domain/digest.ts";
import { plus, type Instant } from "../domain/instant.ts";
import { canonicalPlatform, type Platform } from "../domain/platform.ts";
import { formatRepository, type Repository, type Tag } from "../domain/reference.ts";
import { catalogueEntry, tagPlace } from "./base-codec.ts";
import { instant, named } from "./basic-codecs.ts";
import { withLostTags, withoutTag, withSighting, type CataloguedImage } from "./catalogued-image.ts";
import { list, struct } from "./codec.ts";
import { SealedSpace, type RecordContext, type RecordKind } from "./sealed-space.ts";
import { isAmong, leftSince, movedBy, type Leaving, type TagLook, type TagPlace } from "./tag-place.ts";

/** What a look at a reference found: the images of its root whose layers were all read. */
export type BaseSighting = {
  readonly repository: Repository;
  /** The tag that led there at `at`, if one did. */
  readonly tag: Tag | undefined;
  /** The manifest or index. */
  readonly root: Digest;
  readonly at: Instant;
  readonly images: readonly CataloguedImage[];
  /** Whether no later look could find more in this root. */
  readonly isWhole: boolean;
};

/** When a repository's list of tags was last read, and which of them were followed. */
export type RepositoryLook = { readonly readAt: Instant; readonly tags: readonly Tag[] };

type Chain = { readonly entries: readonly CatalogueEntry[] };
type TagName = { readonly repository: Repository; readonly tag: Tag };

const SPACE = "base-chain";
const CHAIN: RecordKind<Chain> = { space: SPACE, version: 1, codec: struct({ entries: list(catalogueEntry) }) };
const TAG: RecordKind<TagPlace> = { space: SPACE, version: 1, codec: tagPlace };
const REPOSITORY: RecordKind<RepositoryLook> = {
  space: SPACE,
  version: 1,
  codec: struct({ readAt: instant, tags: list(named<Tag>()) }),
};

/** A tag not looked at for longer is not known to be where it was. Looks are planned at least once a day. */
export const MAX_UNSEEN_MS = 7 * 24 * 3_600_000;

/** More images than this below one another are told of no image; the deepest count. */
export const MAX_CANDIDATES = 256;

/**
 * Images that others may be built on, by what their layers make together. Sealed, in the store that all replicas share; who
 * writes at the same time loses nothing. A record that is lost or does not open hides a base image and invents none.
 */
export class BaseCatalogue {
  readonly #chains: SealedSpace<Chain>;
  readonly #tags: SealedSpace<TagPlace>;
  readonly #repositories: SealedSpace<RepositoryLook>;
  readonly #context: RecordContext;

  constructor(context: RecordContext) {
    this.#chains = new SealedSpace(context, CHAIN);
    this.#tags = new SealedSpace(context, TAG);
    this.#repositories = new SealedSpace(context, REPOSITORY);
    this.#context = context;
  }

  /** Images for this platform that end in one of these chains, the deepest first, then by name. One request to the store. */
  async find(platform: Platform, chainIds: readonly Digest[]): Promise<readonly BaseCandidate[]> {
    const found = await this.#chains.getMany(chainIds.map((chainId) => chainKey({ chainId, platform })));
    const before = plus(this.#context.clock.now(), -MAX_UNSEEN_MS);
    const candidates = found.flatMap((chain, at) =>
      (chain?.entries ?? []).map((entry): BaseCandidate => ({ ...withLostTags(entry, before), depth: at + 1 })),
    );
    return candidates.sort(deepestFirst).slice(0, MAX_CANDIDATES);
  }

  /** A tag seen here is seen to have left where it was before. Throws `PortError`. */
  async add(sighting: BaseSighting): Promise<void> {
    const { repository, tag } = sighting;
    if (tag === undefined) return this.#enter(sighting, sighting.images, undefined);
    await this.#look({ repository, tag }, sighting, sighting.root);
  }

  /**
   * That a tag points to this root now. Whether all that is in it is catalogued; if not, somebody has to look into it and
   * `add` it. Throws `PortError`.
   */
  async isKnown({ repository, tag }: TagName, root: Digest, at: Instant): Promise<boolean> {
    const place = await this.#tags.get(tagKey({ repository, tag }));
    if (place?.root !== root) return false;
    await this.#look({ repository, tag }, { root, images: place.images, isWhole: false, at }, root);
    return place.isWhole;
  }

  /** That a tag is there no more. Throws `PortError`. */
  async gone(name: TagName, at: Instant): Promise<void> {
    const place = await this.#tags.get(tagKey(name));
    if (place?.root !== undefined)
      await this.#look(name, { root: undefined, images: [], isWhole: false, at }, undefined);
  }

  async lastLook(repository: Repository): Promise<RepositoryLook | undefined> {
    return this.#repositories.get(repositoryKey(repository));
  }

  async looked(repository: Repository, look: RepositoryLook): Promise<void> {
    await this.#repositories.put(repositoryKey(repository), look);
  }

  /** The tag's own record first: it names what is still to be written if this is broken off, and the next look does it. */
  async #look(name: TagName, look: TagLook, root: Digest | undefined): Promise<void> {
    const { before, place } = await this.#move(name, look);
    if (root !== undefined && (place !== before || place.root !== root)) await this.#enterTagged(name, look, root);
    if (place.leaving.length > 0) await this.#leave(name, place.leaving);
  }

  /** Looked at once more when all is entered: who moved the tag meanwhile did not find these entries to close. */
  async #enterTagged(name: TagName, look: TagLook, root: Digest): Promise<void> {
    await this.#enter({ ...name, at: look.at }, look.images, name.tag);
    const place = await this.#tags.get(tagKey(name));
    const leftAt = place && leftSince(place, root, look.at);
    if (place === undefined || leftAt === undefined) return;
    for (const image of look.images) if (!isAmong(place.images, image)) await this.#close(name, { image, leftAt });
  }

  async #move(name: TagName, look: TagLook): Promise<{ before: TagPlace | undefined; place: TagPlace }> {
    let before: TagPlace | undefined;
    let place = movedBy(undefined, look);
    await this.#tags.update(tagKey(name), (known) => {
      before = known;
      place = movedBy(known, look);
      return place === known ? undefined : place;
    });
    return { before, place };
  }

  async #enter(
    { repository, at }: { readonly repository: Repository; readonly at: Instant },
    images: readonly CataloguedImage[],
    tag: Tag | undefined,
  ): Promise<void> {
    for (const image of images) {
      const sighting = { repository, image, at, tag };
      await this.#chains.update(chainKey(image), (chain) => changed(withSighting(chain?.entries ?? [], sighting)));
    }
  }

  async #close(name: TagName, { image, leftAt }: Leaving): Promise<void> {
    const left = { ...name, image, leftAt };
    await this.#chains.update(chainKey(image), (chain) => changed(withoutTag(chain?.entries ?? [], left)));
  }

  async #leave(name: TagName, leaving: readonly Leaving[]): Promise<void> {
    for (const one of leaving) await this.#close(name, one);
    const isDone = (one: Leaving): boolean => leaving.some((other) => isSame(one, other));
    await this.#tags.update(tagKey(name), (place) =>
      place === undefined ? undefined : { ...place, leaving: place.leaving.filter((one) => !isDone(one)) },
    );
  }
}

function changed(entries: readonly CatalogueEntry[] | undefined): Chain | undefined {
  return entries === undefined ? undefined : { entries };
}

function isSame(a: Leaving, b: Leaving): boolean {
  return a.leftAt === b.leftAt && isAmong([a.image], b.image);
}

/** Hashed, since how an image spells its platform has no limit. */
function chainKey({ chainId, platform }: Pick<CataloguedImage, "chainId" | "platform">): string {
  return `chain/${addressOf("base chain", { chainId, platform: canonicalPlatform(platform) })}`;
}

function tagKey({ repository, tag }: TagName): string {
  return `tag/${formatRepository(repository)}:${tag}`;
}

function repositoryKey(repository: Repository): string {
  return `repository/${formatRepository(repository)}`;
}

function deepestFirst(a: BaseCandidate, b: BaseCandidate): number {
  const [left, right] = [a, b].map(({ repository, digest }) => `${formatRepository(repository)}@${digest}`);
  return b.depth - a.depth || ((left ?? "") < (right ?? "") ? -1 : 1);
}
