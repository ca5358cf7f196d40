import type { Digest } from "../domain/digest.ts";
import type { Repository } from "../domain/reference.ts";

/** `registry.example.com/shop/web@sha256:…`: content as seen in one repository. */
export function placeOf(repository: Repository, digest: Digest): string {
  return `${repository.registry}/${repository.path}@${digest}`;
}
