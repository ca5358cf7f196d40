import type { SignatureEvidence } from "../../domain/evidence.ts";
import { InputError, PortError } from "../../domain/errors.ts";
import { formatRepository } from "../../domain/reference.ts";
import type { Document } from "../../domain/subject.ts";
import { signatureEvidence } from "../evidence.ts";
import { inParallel } from "../in-parallel.ts";
import { MAX_SIGNATURE_BYTES, MAX_SIGNATURES, MAX_TOTAL_BYTES } from "../limits.ts";
import { cosignTag } from "../cosign-tag.ts";
import type { Sources, Target } from "../scheme.ts";
import type { PlacedLayer } from "../tagged-layers.ts";
import { readSignatureLayers } from "./signature-layers.ts";
import { COSIGN, COSIGN_TAG } from "./source.ts";

/**
 * Every signature of a digest's `.sig` tag, one piece of evidence a layer: the layer's descriptor, whose annotations hold
 * the signature, with the payload's bytes. One request for the manifest and one for each distinct payload.
 */
export async function collectTagged(
  target: Target,
  sources: Sources,
  signal: AbortSignal,
): Promise<readonly SignatureEvidence[]> {
  const tag = cosignTag(target.digest, "sig");
  if (tag === undefined) return [];
  const manifest = await sources.images.resolve({ kind: "tag", repository: target.repository, tag }, signal);
  if (manifest === undefined) return [];
  const layers = layersOf(manifest, target);
  if (layers === undefined)
    return [evidenceOf(target, manifest, { part: 0, documents: [manifest], missing: undefined })];
  const payloads = await fetchPayloads(layers.signatures, target, sources, signal);
  const signatures = await inParallel(layers.signatures, async ({ part, layer }) => {
    const bytes = payloads.get(layer.digest)?.bytes;
    return evidenceOf(target, manifest, {
      part,
      documents: bytes === undefined ? [] : [{ descriptor: layer, bytes }],
      missing: bytes === undefined ? layer.digest : undefined,
    });
  });
  return [...signatures, ...remarkOn(layers, manifest, target)];
}

type Layers = { readonly signatures: readonly PlacedLayer[]; readonly others: readonly PlacedLayer[] };

/** `undefined` for a manifest that cannot be read, which is then itself the evidence. */
function layersOf(manifest: Document, target: Target): Layers | undefined {
  const what = `${formatRepository(target.repository)} cosign signatures of ${target.digest}`;
  const layers = tryReading(manifest);
  if (layers === undefined) return undefined;
  if (layers.kind === "too-many") {
    throw new PortError(
      "too-many",
      what,
      `${layers.count} signatures, more than the ${MAX_SIGNATURES} allowed: remove old ones`,
    );
  }
  const total = layers.signatures.reduce((sum, { layer }) => sum + layer.size, 0);
  if (total > MAX_TOTAL_BYTES) {
    throw new PortError("too-large", what, `${total} bytes, more than the ${MAX_TOTAL_BYTES} allowed`);
  }
  return layers;
}

function tryReading(manifest: Document): ReturnType<typeof readSignatureLayers> | undefined {
  try {
    return readSignatureLayers(manifest);
  } catch (error) {
    if (error instanceof InputError) return undefined;
    throw error;
  }
}

/** Two signatures of one payload share its blob. */
async function fetchPayloads(
  layers: readonly PlacedLayer[],
  target: Target,
  sources: Sources,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, Document>> {
  const distinct = [...new Map(layers.map(({ layer }) => [layer.digest, layer])).values()];
  const documents = await inParallel(distinct, (layer) =>
    sources.images.blob(target.repository, layer, MAX_SIGNATURE_BYTES, signal),
  );
  return new Map(distinct.flatMap((layer, at) => (documents[at] === undefined ? [] : [[layer.digest, documents[at]]])));
}

/** Layers that cannot be signatures, and a manifest without any, are one piece of evidence that says so. */
function remarkOn(layers: Layers, manifest: Document, target: Target): readonly SignatureEvidence[] {
  const part = layers.others[0]?.part;
  if (part === undefined && layers.signatures.length > 0) return [];
  return [evidenceOf(target, manifest, { part: part ?? 0, documents: [manifest], missing: undefined })];
}

function evidenceOf(
  target: Target,
  manifest: Document,
  content: Pick<SignatureEvidence, "part" | "documents" | "missing">,
): SignatureEvidence {
  return signatureEvidence({
    scheme: COSIGN,
    source: COSIGN_TAG,
    about: target.digest,
    artifact: manifest.descriptor,
    via: "tag",
    gaps: [],
    ...content,
  });
}
