import type { ImageReference } from "../domain/reference.ts";
import type { Sources } from "../schemes/scheme.ts";
import type { SignedName } from "./assay.ts";
import type { Collection, CollectParts } from "./collection.ts";
import { locate, locateNamed, type LocateParts, type Located } from "./locate.ts";
import { onceByDigest } from "./once-by-digest.ts";
import { onceEach } from "./once.ts";
import { placesOf, resolutionKeyOf, signedDigestOf, type NameKeepers } from "./signed-digest.ts";

type FindParts = CollectParts & LocateParts;

/** The world as one verification sees it: what was looked at once in it is shared by all its steps. */
type Sight = { readonly parts: FindParts; readonly once: Sources["once"] };

/** A subject, the sight in which it was found, and by whose word if not the registry's. */
export type Found = {
  readonly located: Located;
  readonly sight: Sight;
  readonly signedName: SignedName | undefined;
  readonly part?: Collection["part"];
};

/**
 * The registry says what a tag is, unless the policies in force let somebody else say it. Throws `PortError` and
 * `InputError`.
 */
export async function findSubject(
  reference: ImageReference,
  keepers: NameKeepers,
  world: FindParts,
  signal: AbortSignal,
): Promise<Found> {
  const parts = { ...world, images: onceByDigest(world.images) };
  const sight: Sight = { parts, once: onceEach() };
  if (reference.kind !== "tag" || keepers.length === 0)
    return { located: await locate(reference, parts, signal), sight, signedName: undefined };
  const digest = await signedDigestOf(reference, keepers, { ...parts, once: sight.once }, signal);
  const key = resolutionKeyOf(reference, keepers);
  const located =
    digest === undefined
      ? await locate(reference, parts, signal)
      : await locateNamed(reference, { key, digest }, parts, signal);
  // What names the subject and what vouches for it must be one state, and not what was seen at another time.
  const seen = placesOf(keepers);
  const signatures = located.earlier.signatures.filter(({ source }) => !seen.includes(source));
  const signedName = { authorities: keepers.map(({ authority }) => authority), isSigned: digest !== undefined };
  return { located: { ...located, earlier: { ...located.earlier, signatures } }, sight, signedName };
}
