import type { Digest } from "../domain/digest.ts";
import { PortError } from "../domain/errors.ts";
import type { SourceKey } from "../domain/evidence.ts";
import type { Policy } from "../domain/policy.ts";
import { formatReference, type ImageReference } from "../domain/reference.ts";
import type { Authority } from "../domain/trust.ts";
import { needsOf } from "../policy/needs.ts";
import type { Schemes, SignedDigest, Sources, TagReference } from "../schemes/scheme.ts";

/** Authorities whose word for what a tag is counts more than the registry's, for one image. */
export type NameKeepers = readonly (SignedDigest & { readonly authority: string })[];

/** None for a digest, which says itself what it is. An authority that is not relied upon yet decides no name either. */
export function nameKeepersOf(
  reference: ImageReference,
  matched: readonly Policy[],
  authorities: readonly Authority[],
  schemes: Schemes,
): NameKeepers {
  if (reference.kind !== "tag") return [];
  const needed = needsOf(matched).authorities;
  const relied = authorities.filter(({ name, enforcement }) => needed.includes(name) && enforcement === "deny");
  return relied.flatMap(({ name, spec }) =>
    schemes.signatures.flatMap((scheme) => {
      const keeper = scheme.signedDigest?.(spec);
      return keeper === undefined ? [] : [{ ...keeper, authority: name }];
    }),
  );
}

export function placesOf(keepers: NameKeepers): readonly SourceKey[] {
  return keepers.map(({ place }) => place);
}

/** Under what is remembered where a tag points by their word. */
export function resolutionKeyOf(reference: ImageReference, keepers: NameKeepers): string {
  const by = keepers.map(({ authority, place }) => `${authority} (${place})`).sort();
  return keepers.length === 0 ? formatReference(reference) : `${formatReference(reference)} by ${by.join(", ")}`;
}

/**
 * The digest that is signed under a tag; `undefined` if none of them vouches for one, which is then theirs to reject. Throws
 * `PortError`: `conflict` if they vouch for two, any other if one of them could not be asked.
 */
export async function signedDigestOf(
  reference: TagReference,
  keepers: NameKeepers,
  sources: Sources,
  signal: AbortSignal,
): Promise<Digest | undefined> {
  const words = await Promise.all(
    keepers.map(async (keeper) => {
      return { authority: keeper.authority, digest: await wordOf(keeper, reference, sources, signal) };
    }),
  );
  const signed = words.filter(({ digest }) => digest !== undefined);
  const digests = new Set(signed.map(({ digest }) => digest));
  if (digests.size <= 1) return signed[0]?.digest;
  const said = signed.map(({ authority, digest }) => `${authority} says ${digest}`).join(", ");
  throw new PortError(
    "conflict",
    formatReference(reference),
    `the authorities that say what it is disagree (${said}): have the same image signed by each, or name it by digest`,
  );
}

/** What could not be asked is told with who was to be asked, since nothing else shows why the registry's word is not taken. */
async function wordOf(
  { authority, digestOf }: NameKeepers[number],
  reference: TagReference,
  sources: Sources,
  signal: AbortSignal,
): Promise<Digest | undefined> {
  try {
    return await digestOf(reference, sources, signal);
  } catch (error) {
    if (!(error instanceof PortError)) throw error;
    const { code, retryAfterMs, message } = error;
    const detail = `what it is, is for the authority ${authority} to say (resolve: signedDigest), which could not be asked: ${message}`;
    const later = retryAfterMs === undefined ? {} : { retryAfterMs };
    throw new PortError(code, formatReference(reference), detail, { cause: error, ...later });
  }
}
