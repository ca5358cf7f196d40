import type { Brand } from "./brand.ts";
import { parseDigest, type Digest } from "./digest.ts";
import { InputError } from "./errors.ts";

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

// A narrow reader until the full grammar stands here: what it accepts, the full one reads the same way.
const REFERENCE =
  /^(?:((?:[a-zA-Z0-9-]+(?:\.[a-zA-Z0-9-]+)+(?::\d{1,5})?|[a-zA-Z0-9-]+:\d{1,5}|localhost))\/)?([a-z0-9]+(?:[._-]+[a-z0-9]+)*(?:\/[a-z0-9]+(?:[._-]+[a-z0-9]+)*)*)(?::(\w[\w.-]{0,127}))?(?:@([a-z0-9]+:[a-f0-9]+))?$/;

/** Throws `InputError` unless the text is `[registry/]repository[:tag][@digest]`. */
export function parseReference(text: string): ImageReference {
  const match = text.length > 512 ? null : REFERENCE.exec(text);
  if (match === null) {
    throw new InputError(
      "reference",
      `"${text.slice(0, 160)}" is not an image reference: write it as registry.example.com/name:tag or …@sha256:…`,
    );
  }
  const [, host, path = "", tag, digest] = match;
  const repository = {
    registry: (host ?? "docker.io").toLowerCase() as Registry,
    path: host === undefined && !path.includes("/") ? `library/${path}` : path,
  };
  if (digest !== undefined)
    return { kind: "digest", repository, digest: parseDigest(digest), tag: tag as Tag | undefined };
  return { kind: "tag", repository, tag: (tag ?? "latest") as Tag };
}
