import type { Digest } from "./digest.ts";
import type { Sighting } from "./sighting.ts";
import type { Instant } from "./instant.ts";
import type { Platform } from "./platform.ts";
import { formatRepository, type Repository, type Tag } from "./reference.ts";

/** While a tag pointed at an image, as far as it was looked at. */
export type TagSpan = {
  readonly tag: Tag;
  readonly firstSeen: Instant;
  readonly lastSeen: Instant;
  /**
   * When it was first seen elsewhere, or last seen here if it was not looked at for long; `undefined` while it was last seen
   * here.
   */
  readonly leftAt: Instant | undefined;
};

/** An image that others may be built on, as the catalogue knows it. */
export type CatalogueEntry = {
  readonly repository: Repository;
  /** Of the manifest for this platform. */
  readonly digest: Digest;
  /** Of the index it was reached through, if any: what a signature may be on as well. */
  readonly index: Digest | undefined;
  readonly platform: Platform;
  readonly tags: readonly TagSpan[];
  readonly firstSeen: Instant;
};

/** A catalogued image whose layers are the lowest of another's. */
export type BaseCandidate = CatalogueEntry & {
  /** How many layers the two share. */
  readonly depth: number;
};

/** An image of the catalogue by its name, under which what is known of its signatures is kept: `REPOSITORY@DIGEST`. */
export function baseName({ repository, digest }: Pick<CatalogueEntry, "repository" | "digest">): string {
  return `${formatRepository(repository)}@${digest}`;
}

/** What an application layer has no business to change once a base image is vouched for. */
export const PROTECTED_THINGS = ["loader", "libc", "ca-certificates", "users", "package-database"] as const;
export type ProtectedThing = (typeof PROTECTED_THINGS)[number];

export type ProtectedChange = { readonly thing: ProtectedThing; readonly sighting: Sighting };

/** What the builder says the base is: nobody's proof, but it tells people where to look. */
export type BaseHint = { readonly from: string; readonly name: string; readonly digest: Digest | undefined };

/** What an image was built on (reference: inspection, section 4). */
export type BaseFact =
  | {
      readonly kind: "found";
      /** The deepest first, then by repository. */
      readonly candidates: readonly (BaseCandidate & {
        /** Nothing was added: the image is the base image. */
        readonly isWhole: boolean;
        /** Protected things of the base that a layer above it replaces or hides. */
        readonly changes: readonly ProtectedChange[];
      })[];
      readonly hints: readonly BaseHint[];
    }
  | { readonly kind: "unknown"; readonly because: string; readonly hints: readonly BaseHint[] };
