import { mapInSlices } from "../../crypto/slices.ts";
import type { Descriptor } from "../../domain/descriptor.ts";
import type { SignatureEvidence } from "../../domain/evidence.ts";
import { InputError, PortError } from "../../domain/errors.ts";
import { formatRepository } from "../../domain/reference.ts";
import type { Document } from "../../domain/subject.ts";
import { signatureEvidence } from "../evidence.ts";
import { inParallel } from "../in-parallel.ts";
import { MAX_SIGNATURE_BYTES, MAX_SIGNATURES, MAX_TOTAL_BYTES } from "../limits.ts";
import type { Sources, Target } from "../scheme.ts";
import type { PlacedLayer } from "../tagged-layers.ts";
import { readSignatureLayers } from "./signature-layers.ts";
import { COSIGN } from "./source.ts";

export type Look = { readonly target: Target; readonly sources: Sources; readonly signal: AbortSignal };

/** Where the manifests were found. */
export type Found = Pick<SignatureEvidence, "source" | "via"> & {
  /** Whether evidence keeps the manifest too: one that a digest names need then not be fetched again. */
  readonly keepsManifest: boolean;
};

/**
 * The signatures in manifests whose layers are cosign's, one piece of evidence a layer: the layer's descriptor, whose
 * annotations hold the signature, with the payload's bytes. One request for each distinct payload. Throws `PortError`.
 */
export async function collectLayers(
  manifests: readonly Document[],
  found: Found,
  look: Look,
): Promise<readonly SignatureEvidence[]> {
  const read = manifests.map((manifest) => ({ manifest, layers: layersOf(manifest, look.target) }));
  const all = read.flatMap(({ layers }) => layers?.signatures.map(({ layer }) => layer) ?? []);
  checkTotals(all, look.target);
  const payloads = await fetchPayloads(all, look);
  const evidence: SignatureEvidence[] = [];
  for (const { manifest, layers } of read) {
    if (layers === undefined) evidence.push(remark(manifest, found, look));
    else {
      const around = { payloads, found, look };
      evidence.push(...(await mapInSlices(layers.signatures, (placed) => signature(manifest, placed, around))));
      evidence.push(...remarkOn(layers, manifest, found, look));
    }
  }
  return evidence;
}

type Layers = { readonly signatures: readonly PlacedLayer[]; readonly others: readonly PlacedLayer[] };

/** `undefined` for a manifest that cannot be read, which is then itself the evidence. */
function layersOf(manifest: Document, target: Target): Layers | undefined {
  const layers = tryReading(manifest);
  if (layers?.kind === "too-many") throw tooMany(layers.count, target);
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

function whatOf({ repository, digest }: Target): string {
  return `${formatRepository(repository)} cosign signatures of ${digest}`;
}

function tooMany(count: number, target: Target): PortError {
  const detail = `${count} signatures, more than the ${MAX_SIGNATURES} allowed: remove old ones`;
  return new PortError("too-many", whatOf(target), detail);
}

function checkTotals(layers: readonly Descriptor[], target: Target): void {
  if (layers.length > MAX_SIGNATURES) throw tooMany(layers.length, target);
  const total = layers.reduce((sum, { size }) => sum + size, 0);
  if (total <= MAX_TOTAL_BYTES) return;
  throw new PortError("too-large", whatOf(target), `${total} bytes, more than the ${MAX_TOTAL_BYTES} allowed`);
}

type Payloads = ReadonlyMap<string, Document>;

/** Two signatures of one payload share its blob. */
async function fetchPayloads(layers: readonly Descriptor[], { target, sources, signal }: Look): Promise<Payloads> {
  const distinct = [...new Map(layers.map((layer) => [layer.digest, layer])).values()];
  const documents = await inParallel(distinct, (layer) =>
    sources.images.blob(target.repository, layer, MAX_SIGNATURE_BYTES, signal),
  );
  return new Map(distinct.flatMap((layer, at) => (documents[at] === undefined ? [] : [[layer.digest, documents[at]]])));
}

type Around = { readonly payloads: Payloads; readonly found: Found; readonly look: Look };

function signature(
  manifest: Document,
  { part, layer }: PlacedLayer,
  { payloads, found, look }: Around,
): SignatureEvidence {
  const bytes = payloads.get(layer.digest)?.bytes;
  const payload = bytes === undefined ? [] : [{ descriptor: layer, bytes }];
  return evidenceOf(manifest.descriptor, found, look, {
    part,
    documents: found.keepsManifest ? [manifest, ...payload] : payload,
    missing: bytes === undefined ? layer.digest : undefined,
  });
}

/** Layers that cannot be signatures, and a manifest without any, are one piece of evidence that says so. */
function remarkOn(layers: Layers, manifest: Document, found: Found, look: Look): readonly SignatureEvidence[] {
  const part = layers.others[0]?.part;
  return part === undefined && layers.signatures.length > 0 ? [] : [remark(manifest, found, look, part)];
}

/** A manifest that tells by itself, when it is judged, why it does not count. */
export function remark(manifest: Document, found: Found, look: Look, part = 0): SignatureEvidence {
  return evidenceOf(manifest.descriptor, found, look, { part, documents: [manifest], missing: undefined });
}

/** A manifest that the registry lists and does not have. */
export function lost(listed: Descriptor, found: Found, look: Look): SignatureEvidence {
  return evidenceOf(listed, found, look, { part: 0, documents: [], missing: listed.digest });
}

function evidenceOf(
  artifact: Descriptor,
  { source, via }: Found,
  { target }: Look,
  content: Pick<SignatureEvidence, "part" | "documents" | "missing">,
): SignatureEvidence {
  return signatureEvidence({ scheme: COSIGN, source, about: target.digest, artifact, via, gaps: [], ...content });
}
