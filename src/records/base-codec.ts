import {
  PROTECTED_THINGS,
  type BaseCandidate,
  type BaseFact,
  type BaseHint,
  type CatalogueEntry,
  type ProtectedChange,
  type TagSpan,
} from "../domain/base-image.ts";
import type { Tag } from "../domain/reference.ts";
import type { CataloguedImage } from "./catalogued-image.ts";
import type { TagPlace } from "./tag-place.ts";
import { digest, instant, named, platform, repository, sighting } from "./basic-codecs.ts";
import { flag, list, oneOf, optional, struct, tagged, text, whole, type Codec } from "./codec.ts";

const tagSpan: Codec<TagSpan> = struct({
  tag: named<Tag>(),
  firstSeen: instant,
  lastSeen: instant,
  leftAt: optional(instant),
});

const entry = { repository, digest, index: optional(digest), platform, tags: list(tagSpan), firstSeen: instant };

export const catalogueEntry: Codec<CatalogueEntry> = struct(entry);

const cataloguedImage: Codec<CataloguedImage> = struct({
  chainId: digest,
  platform,
  digest,
  index: optional(digest),
});

export const tagPlace: Codec<TagPlace> = struct({
  root: optional(digest),
  firstSeen: instant,
  lastSeen: instant,
  images: list(cataloguedImage),
  isWhole: flag,
  leaving: list(struct({ image: cataloguedImage, leftAt: instant })),
});

export const baseCandidate: Codec<BaseCandidate> = struct({ ...entry, depth: whole });

const change: Codec<ProtectedChange> = struct({ thing: oneOf(...PROTECTED_THINGS), sighting });
const hint: Codec<BaseHint> = struct({ from: text, name: text, digest: optional(digest) });

export const baseFact: Codec<BaseFact> = tagged<BaseFact>({
  found: struct({
    candidates: list(struct({ ...entry, depth: whole, isWhole: flag, changes: list(change) })),
    hints: list(hint),
  }),
  unknown: struct({ because: text, hints: list(hint) }),
});
