import type { Brand } from "./brand.ts";
import type { Digest } from "./digest.ts";

/** Host and optional port, as the reference spells it after normalising: `docker.io`, `localhost:5000`, `[::1]:5000`. */
export type Registry = Brand<string, "Registry">;

export type Tag = Brand<string, "Tag">;

/** A repository by its registry and its path in it: `docker.io` and `library/alpine`. */
export type Repository = { readonly registry: Registry; readonly path: string };

/** A normalised image reference. With both a tag and a digest the digest wins and the tag is only remembered. */
export type ImageReference =
  | { readonly kind: "tag"; readonly repository: Repository; readonly tag: Tag }
  | {
      readonly kind: "digest";
      readonly repository: Repository;
      readonly digest: Digest;
      readonly tag: Tag | undefined;
    };
