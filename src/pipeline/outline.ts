import type { Encodable } from "../crypto/canonical-json.ts";
import type { BaseCandidate } from "../domain/base-image.ts";
import type { Dossier, LeafEvidence, SignatureSource } from "../domain/evidence.ts";
import type { Observation } from "../domain/gap.ts";
import { formatReference, formatRepository } from "../domain/reference.ts";

/**
 * A dossier without bytes and without observation times: what its facts depend on, and nothing that a second look at
 * unchanged things would change. Bytes are named by digest, and a gap counts by its code, not by its wording.
 */
export function outlineOf(dossier: Dossier): Encodable {
  const { subject } = dossier;
  return {
    requested: formatReference(subject.requested),
    tag: subject.requested.tag,
    root: subject.root.descriptor.digest,
    shape: subject.shape,
    containedIn: [...subject.containedIn].sort(),
    signatures: dossier.signatures.map(outlineSource).sort(byText),
    leaves: dossier.leaves.map(outlineLeaf),
  };
}

function byText(a: Encodable, b: Encodable): number {
  const [left, right] = [JSON.stringify(a), JSON.stringify(b)];
  return left < right ? -1 : Number(left > right);
}

function outlineSource({ about, source, content }: SignatureSource): Encodable {
  return { about, source, content: outlineObservation(content, (evidence) => evidence.map((item) => item.id)) };
}

function outlineLeaf(leaf: LeafEvidence): Encodable {
  return {
    manifest: leaf.manifest,
    declared: leaf.declared,
    config: outlineObservation(leaf.config, (document) => document.descriptor.digest),
    layers: leaf.layers.map((layer) => ({
      digest: layer.descriptor.digest,
      content: outlineObservation(layer.content, (content) =>
        content.kind === "walked" ? content.facts.diffId : content.reason,
      ),
    })),
    bases: outlineObservation(leaf.bases, (candidates) => candidates.map(outlineBase)),
  };
}

/** When a tag was last seen changes with every look and no answer. */
function outlineBase({ repository, digest, index, depth, tags }: BaseCandidate): Encodable {
  return {
    repository: formatRepository(repository),
    digest,
    index,
    depth,
    tags: tags.map(({ tag, leftAt }) => ({ tag, leftAt })).sort(byText),
  };
}

function outlineObservation<T>(observation: Observation<T>, name: (value: T) => Encodable): Encodable {
  switch (observation.kind) {
    case "observed":
      return { kind: "observed", value: name(observation.value) };
    case "gap":
      return { kind: "gap", code: observation.gap.code, what: observation.gap.what };
    case "not-asked":
      return { kind: "not-asked" };
  }
}
