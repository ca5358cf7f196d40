import type { Digest } from "../domain/digest.ts";
import type { Subject } from "../domain/subject.ts";
import type { Place } from "../schemes/scheme.ts";
import type { Plan } from "./plan.ts";

/** One place, and the manifest or index about which something is looked for there. */
export type Look = { readonly about: Digest; readonly place: Place };

type Whole = Pick<Subject, "root" | "leaves" | "containedIn" | "attestations">;

/** Digests whose signature may speak for the subject, the root first. */
function signedDigests({ root, leaves, containedIn }: Whole): readonly Digest[] {
  return [...new Set([root.descriptor.digest, ...leaves.map((leaf) => leaf.descriptor.digest), ...containedIn])];
}

/**
 * Every look that a plan takes at a subject. What BuildKit put beside an image counts by a signature on its manifest or on
 * the index, so where there may be such, signatures of those whose attestations are asked for are looked for there.
 */
export function looksOf(subject: Whole, plan: Plan): readonly Look[] {
  const everywhere = signedDigests(subject).flatMap((about) => plan.places.map((place): Look => ({ about, place })));
  const beside = [...subject.attestations.map(({ digest }) => digest), ...indexesOf(subject)];
  const above = beside.flatMap((about) => plan.vouchers.map((place): Look => ({ about, place })));
  return [...new Map([...everywhere, ...above].map((look) => [`${look.about} ${look.place.key}`, look])).values()];
}

/** Indexes that may name attestation manifests for the subject's images. */
export function indexesOf({ root, attestations, containedIn }: Omit<Whole, "leaves">): readonly Digest[] {
  return [...(attestations.length > 0 ? [root.descriptor.digest] : []), ...containedIn];
}
