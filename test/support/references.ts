import { parseDigest, type Digest } from "../../src/domain/digest.ts";
import type { ImageReference, Registry, Repository, Tag } from "../../src/domain/reference.ts";

export function repositoryAt(host: string, path: string): Repository {
  return { registry: host as Registry, path };
}

export function tagReference(repository: Repository, tag: string): ImageReference {
  return { kind: "tag", repository, tag: tag as Tag };
}

export function digestReference(repository: Repository, digest: Digest): ImageReference {
  return { kind: "digest", repository, digest: parseDigest(digest), tag: undefined };
}
