import type { Dossier, LeafEvidence } from "../domain/evidence.ts";
import { collectLeaf } from "./collect-leaf.ts";
import { collectSignatures } from "./collect-signatures.ts";
import type { CollectParts, Collection, Earlier } from "./collection.ts";

/**
 * Brings the dossier of a subject to what the plan asks for. Signatures and contents are looked for at the same time;
 * what the plan does not ask for stays as it was, `not-asked` if it never was asked for.
 */
export async function collect(collection: Collection, parts: CollectParts, signal: AbortSignal): Promise<Dossier> {
  const { subject } = collection;
  const [signatures, leaves] = await Promise.all([
    collectSignatures(collection, parts, signal),
    collectLeaves(collection, parts, signal),
  ]);
  return { subject, signatures, leaves };
}

async function collectLeaves(
  { subject, plan, earlier, part }: Collection,
  parts: CollectParts,
  signal: AbortSignal,
): Promise<readonly LeafEvidence[]> {
  if (part === "signatures") return earlier.leaves;
  return Promise.all(
    subject.leaves.map((leaf) =>
      collectLeaf(subject, leaf, { plan, earlier: earlierLeaf(earlier, leaf.descriptor.digest), parts, signal }),
    ),
  );
}

function earlierLeaf(earlier: Earlier, manifest: string): LeafEvidence | undefined {
  return earlier.leaves.find((leaf) => leaf.manifest === manifest);
}
