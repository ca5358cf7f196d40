import type { Dossier, LeafEvidence } from "../domain/evidence.ts";
import type { Subject } from "../domain/subject.ts";
import type { Clock } from "../ports/clock.ts";
import type { ImageSource } from "../ports/image-source.ts";
import type { SafeFetch } from "../ports/safe-fetch.ts";
import type { SignatureScheme } from "../schemes/scheme.ts";
import { collectLeaf } from "./collect-leaf.ts";
import { collectSignatures } from "./collect-signatures.ts";
import type { MaxAges } from "./freshness.ts";
import type { Layers } from "./layers.ts";
import type { Plan } from "./plan.ts";

export type CollectParts = {
  readonly images: ImageSource;
  readonly fetch: SafeFetch;
  readonly layers: Layers;
  readonly schemes: readonly SignatureScheme[];
  readonly clock: Clock;
  readonly ages: MaxAges;
};

/** What an earlier collection saw of the same subject; whatever of it is fresh is not looked at again. */
export type Earlier = Pick<Dossier, "signatures" | "leaves">;

export const NOTHING_EARLIER: Earlier = { signatures: [], leaves: [] };

/** A subject, what is to be known of it, and what already is. */
export type Collection = { readonly subject: Subject; readonly plan: Plan; readonly earlier: Earlier };

/**
 * Brings the dossier of a subject to what the plan asks for. Signatures and contents are looked for at the same time;
 * what the plan does not ask for stays as it was, `not-asked` if it never was asked for.
 */
export async function collect(collection: Collection, parts: CollectParts, signal: AbortSignal): Promise<Dossier> {
  const { subject, plan, earlier } = collection;
  const [signatures, leaves] = await Promise.all([
    collectSignatures(collection, parts, signal),
    Promise.all(
      subject.leaves.map((leaf) =>
        collectLeaf(subject, leaf, { plan, earlier: earlierLeaf(earlier, leaf.descriptor.digest), parts, signal }),
      ),
    ),
  ]);
  return { subject, signatures, leaves };
}

function earlierLeaf(earlier: Earlier, manifest: string): LeafEvidence | undefined {
  return earlier.leaves.find((leaf) => leaf.manifest === manifest);
}
