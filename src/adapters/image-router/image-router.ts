import { formatRepository, type Repository } from "../../domain/reference.ts";
import type { ImageSource } from "../../ports/image-source.ts";

/** Answers for some repositories from sources of their own, such as a layout on disk, and for all others from `rest`. */
export function routeImages(sources: ReadonlyMap<string, ImageSource>, rest: ImageSource): ImageSource {
  const of = (repository: Repository): ImageSource => sources.get(formatRepository(repository)) ?? rest;
  return {
    resolve: (reference, signal) => of(reference.repository).resolve(reference, signal),
    head: (reference, signal) => of(reference.repository).head(reference, signal),
    manifest: (repository, digest, signal) => of(repository).manifest(repository, digest, signal),
    blob: (repository, descriptor, limit, signal) => of(repository).blob(repository, descriptor, limit, signal),
    stream: (repository, descriptor, signal) => of(repository).stream(repository, descriptor, signal),
    referrers: (repository, digest, signal) => of(repository).referrers(repository, digest, signal),
    signatures: (repository, digest, limit, signal) => of(repository).signatures(repository, digest, limit, signal),
    tags: (repository, signal) => of(repository).tags(repository, signal),
    repositories: (registry, signal) => rest.repositories(registry, signal),
  };
}
