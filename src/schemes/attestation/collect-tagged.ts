import type { SignatureEvidence } from "../../domain/evidence.ts";
import { InputError, PortError } from "../../domain/errors.ts";
import { formatRepository } from "../../domain/reference.ts";
import type { Document } from "../../domain/subject.ts";
import { cosignTag } from "../cosign-tag.ts";
import { signatureEvidence } from "../evidence.ts";
import { MAX_SIGNATURES } from "../limits.ts";
import type { Sources, Target } from "../scheme.ts";
import type { TaggedLayers } from "../tagged-layers.ts";
import { readAttestationLayers } from "./attestation-layers.ts";
import { fetchCarriers, isReadable } from "./carriers.ts";
import { ATTESTATION, ATTESTATION_TAG } from "./source.ts";

/** Every attestation of a digest's `.att` tag, one piece of evidence a layer, as signatures of the `.sig` tag. */
export async function collectTaggedAttestations(
  target: Target,
  sources: Sources,
  signal: AbortSignal,
): Promise<readonly SignatureEvidence[]> {
  const tag = cosignTag(target.digest, "att");
  if (tag === undefined) return [];
  const manifest = await sources.images.resolve({ kind: "tag", repository: target.repository, tag }, signal);
  if (manifest === undefined) return [];
  const evidence = (part: number, documents: readonly Document[], missing?: SignatureEvidence["missing"]) =>
    signatureEvidence({
      scheme: ATTESTATION,
      source: ATTESTATION_TAG,
      about: target.digest,
      artifact: manifest.descriptor,
      part,
      via: "tag",
      documents,
      missing,
      gaps: [],
    });
  const layers = tryReading(manifest);
  // A manifest that cannot be read is itself the evidence, and says why when it is judged.
  if (layers === undefined) return [evidence(0, [manifest])];
  const { signatures, others } = withinLimit(layers, target);
  const readable = signatures.filter(({ layer }) => isReadable(layer));
  const carrierOf = await fetchCarriers(
    readable.map(({ layer }) => layer),
    "envelope",
    { target, sources, signal },
  );
  const found = signatures.map(({ part, layer }) => {
    const document = isReadable(layer) ? carrierOf(layer) : manifest;
    return document === undefined ? evidence(part, [], layer.digest) : evidence(part, [document]);
  });
  const [other] = others;
  return other === undefined && found.length > 0 ? found : [...found, evidence(other?.part ?? 0, [manifest])];
}

function withinLimit(layers: TaggedLayers, target: Target): TaggedLayers & { readonly kind: "layers" } {
  if (layers.kind === "layers") return layers;
  const what = `${formatRepository(target.repository)} cosign attestations of ${target.digest}`;
  const detail = `${layers.count} attestations, more than the ${MAX_SIGNATURES} allowed: remove old ones`;
  throw new PortError("too-many", what, detail);
}

function tryReading(manifest: Document): TaggedLayers | undefined {
  try {
    return readAttestationLayers(manifest);
  } catch (error) {
    if (error instanceof InputError) return undefined;
    throw error;
  }
}
