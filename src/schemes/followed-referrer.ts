import type { Descriptor } from "../domain/descriptor.ts";
import type { Digest } from "../domain/digest.ts";
import { InputError, PortError } from "../domain/errors.ts";
import type { SignatureEvidence } from "../domain/evidence.ts";
import type { Document } from "../domain/subject.ts";
import { signatureEvidence } from "./evidence.ts";
import { inParallel } from "./in-parallel.ts";
import { MAX_TOTAL_BYTES } from "./limits.ts";
import { candidatesAmong, referrersOf, type Wanted } from "./referrer-candidates.ts";
import type { Sources, Target } from "./scheme.ts";

/** What a referrer's manifest says it is; `other` is for another scheme. */
type Said = { readonly kind: string };

/** How referrers of one kind are told. */
export type Followable<Read extends Said> = Wanted & {
  /** What a manifest says it is, if it belongs to the digest. Throws `InputError`. */
  readonly read: (manifest: Document, about: Digest) => Read;
};

/** One referrer as far as it was followed: its manifest if the registry has it, and what that says if it can be read. */
export type FollowedReferrer<Read extends Said> = {
  readonly listed: Descriptor;
  readonly manifest: Document | undefined;
  readonly read: Exclude<Read, { readonly kind: "other" }> | undefined;
};

type Followed<Read extends Said> = { readonly via: string; readonly followed: readonly FollowedReferrer<Read>[] };

/**
 * The referrers of a digest that are what is wanted, with their manifests. One whose manifest is lost or cannot be read is
 * among them: it is itself the evidence, and says why when it is judged. Throws `PortError`.
 */
export async function followReferrers<Read extends Said>(
  wanted: Followable<Read>,
  target: Target,
  sources: Sources,
  signal: AbortSignal,
): Promise<Followed<Read>> {
  const { via, descriptors } = await candidatesAmong(wanted, target, sources, signal);
  const followed = await inParallel(descriptors, async (listed) =>
    follow(listed, await sources.images.manifest(target.repository, listed.digest, signal), wanted, target),
  );
  return { via, followed: followed.filter((each) => each !== undefined) };
}

/** `undefined` for what turns out to be something else. */
function follow<Read extends Said>(
  listed: Descriptor,
  manifest: Document | undefined,
  { read }: Followable<Read>,
  { digest }: Target,
): FollowedReferrer<Read> | undefined {
  const said = manifest && tryReading(() => read(manifest, digest));
  if (said === undefined) return { listed, manifest, read: undefined };
  return isWanted(said) ? { listed, manifest, read: said } : undefined;
}

function isWanted<Read extends Said>(said: Read): said is Exclude<Read, { readonly kind: "other" }> {
  return said.kind !== "other";
}

function tryReading<Read>(read: () => Read): Read | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof InputError) return undefined;
    throw error;
  }
}

/** Throws `PortError` for more than may be held at once; `noun` is for the message, in the plural. */
export function refuseTooLarge(layers: readonly Descriptor[], noun: string, target: Target): void {
  const total = layers.reduce((sum, { size }) => sum + size, 0);
  if (total <= MAX_TOTAL_BYTES) return;
  const detail = `${noun} of ${total} bytes, more than the ${MAX_TOTAL_BYTES} allowed`;
  throw new PortError("too-large", referrersOf(target), detail);
}

/** What was found behind a referrer's manifest. */
type Behind = Pick<SignatureEvidence, "missing" | "gaps"> & { readonly documents: readonly (Document | undefined)[] };

/** The one piece of evidence that a referrer is: its manifest, then what was fetched; its manifest is what is missing first. */
export function referrerEvidence(
  { listed, manifest }: Pick<FollowedReferrer<Said>, "listed" | "manifest">,
  place: Pick<SignatureEvidence, "scheme" | "source" | "about" | "via">,
  { documents, missing, gaps }: Behind,
): SignatureEvidence {
  return signatureEvidence({
    ...place,
    artifact: manifest?.descriptor ?? listed,
    part: 0,
    documents: [manifest, ...documents].filter((document) => document !== undefined),
    missing: manifest === undefined ? listed.digest : missing,
    gaps,
  });
}
