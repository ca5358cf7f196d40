import type { Descriptor } from "../domain/descriptor.ts";
import { PortError } from "../domain/errors.ts";
import { formatRepository } from "../domain/reference.ts";
import type { Referrers } from "../ports/image-source.ts";
import { MAX_SIGNATURES } from "./limits.ts";
import type { Sources, Target } from "./scheme.ts";

/** What is looked for among referrers. */
export type Wanted = {
  /** Whether a listed referrer could be one; its own manifest tells whether it is. */
  readonly mayBe: (listed: Descriptor) => boolean;
  /** For messages, in the plural. */
  readonly noun: string;
};

/**
 * The referrers of a digest that may be what is wanted, each once however often it is listed: pages may overlap, and two
 * clients may have written into the same fallback tag. Throws `PortError`, for more than may be followed too.
 */
export async function candidatesAmong(
  { mayBe, noun }: Wanted,
  target: Target,
  sources: Sources,
  signal: AbortSignal,
): Promise<Referrers> {
  const { via, descriptors } = await sources.images.referrers(target.repository, target.digest, signal);
  const candidates = new Map(descriptors.filter(mayBe).map((listed) => [listed.digest, listed]));
  if (candidates.size > MAX_SIGNATURES) {
    const detail = `${candidates.size} possible ${noun}, more than the ${MAX_SIGNATURES} allowed: remove old ones`;
    throw new PortError("too-many", referrersOf(target), detail);
  }
  return { via, descriptors: [...candidates.values()] };
}

/** For messages. */
export function referrersOf({ repository, digest }: Target): string {
  return `${formatRepository(repository)} referrers of ${digest}`;
}
