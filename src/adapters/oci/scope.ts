import type { Repository } from "../../domain/reference.ts";

/** What a token must allow for reading one repository. */
export function pullScope(repository: Repository): string {
  return `repository:${repository.path}:pull`;
}

/** What a token must allow for listing a registry's repositories. */
export const CATALOG_SCOPE = "registry:catalog:*";
