import type { Dossier, LeafEvidence } from "../domain/evidence.ts";
import { collectLeaf } from "./collect-leaf.ts";
import { collectSignatures } from "./collect-signatures.ts";
import type { CollectParts, Collection, Earlier } from "./collection.ts";

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
