import { parseStrictJson } from "../../crypto/strict-json.ts";
import type { Descriptor } from "../../domain/descriptor.ts";
import type { Digest } from "../../domain/digest.ts";
import type { SignatureEvidence } from "../../domain/evidence.ts";
import { InputError, PortError } from "../../domain/errors.ts";
import { parseManifest, type Index, type Manifest } from "../../domain/manifest.ts";
import { INDEX_TYPES } from "../../domain/media-types.ts";
import { formatRepository } from "../../domain/reference.ts";
import type { Document } from "../../domain/subject.ts";
import { signatureEvidence } from "../evidence.ts";
import { inParallel } from "../in-parallel.ts";
import { MAX_SIGNATURE_BYTES, MAX_SIGNATURES } from "../limits.ts";
import type { Sources, Target } from "../scheme.ts";
import { statementLayers } from "./buildkit-manifest.ts";
import { fetchCarriers, isReadable } from "./carriers.ts";
import { ATTESTATION, ATTESTATION_BUILDKIT } from "./source.ts";

/** As deep as images are looked for in an index. */
const MAX_DEPTH = 3;

/** An attestation manifest, and the indexes that lead to it, from the outermost on. */
type Named = { readonly entry: Descriptor; readonly indexes: readonly Document[] };
type Look = { readonly target: Target; readonly sources: Sources; readonly signal: AbortSignal };

/**
 * Every statement in the attestation manifests that BuildKit puts beside an image into its index (BuildKit,
 * docs/attestations/attestation-storage.md), one piece of evidence each: the indexes, the manifest, the statement.
 */
export async function collectBuildkitAttestations(
  target: Target,
  sources: Sources,
  signal: AbortSignal,
): Promise<readonly SignatureEvidence[]> {
  const look: Look = { target, sources, signal };
  const named: Named[] = [];
  for (const index of target.indexes ?? []) named.push(...(await namedIn(index, [], look)));
  if (named.length > MAX_SIGNATURES) {
    const what = `${formatRepository(target.repository)} attestation manifests of ${target.digest}`;
    throw new PortError("too-many", what, `${named.length} of them, more than the ${MAX_SIGNATURES} allowed`);
  }
  const evidence = await inParallel(named, (each) => evidenceIn(each, look));
  return evidence.flat();
}

async function namedIn(digest: Digest, outer: readonly Document[], look: Look): Promise<readonly Named[]> {
  const { target, sources, signal } = look;
  const document = await sources.images.manifest(target.repository, digest, signal);
  const index = document && tryReading(document);
  if (document === undefined || index?.kind !== "index") return [];
  const indexes = [...outer, document];
  const here = index.manifests.filter(
    ({ annotations }) => annotations["vnd.docker.reference.digest"] === target.digest,
  );
  const inner =
    indexes.length < MAX_DEPTH ? index.manifests.filter(({ mediaType }) => INDEX_TYPES.includes(mediaType)) : [];
  const deeper = await inParallel(inner, (entry) => namedIn(entry.digest, indexes, look));
  return [...here.map((entry): Named => ({ entry, indexes })), ...deeper.flat()];
}

/** An index that cannot be read names nothing. */
function tryReading(document: Document): Index | Manifest | undefined {
  try {
    const options = { code: "manifest", name: "manifest", maxBytes: MAX_SIGNATURE_BYTES } as const;
    return parseManifest(parseStrictJson(document.bytes, options), document.descriptor.mediaType);
  } catch (error) {
    if (error instanceof InputError) return undefined;
    throw error;
  }
}

async function evidenceIn({ entry, indexes }: Named, look: Look): Promise<readonly SignatureEvidence[]> {
  const { target, sources, signal } = look;
  const manifest = await sources.images.manifest(target.repository, entry.digest, signal);
  const evidence = (part: number, documents: readonly Document[], missing?: Digest): SignatureEvidence =>
    signatureEvidence({
      scheme: ATTESTATION,
      source: ATTESTATION_BUILDKIT,
      about: target.digest,
      artifact: manifest?.descriptor ?? entry,
      part,
      via: "index",
      documents: [...indexes, ...documents],
      missing,
      gaps: [],
    });
  if (manifest === undefined) return [evidence(0, [], entry.digest)];
  const layers = statementLayers(manifest);
  if (layers === undefined) return [evidence(0, [manifest])];
  const carrierOf = await fetchCarriers(layers.filter(isReadable), "statement", look);
  return layers.map((layer, part) => {
    const carrier = isReadable(layer) ? carrierOf(layer) : undefined;
    const absent = isReadable(layer) && carrier === undefined ? layer.digest : undefined;
    return evidence(part, [manifest, ...(carrier === undefined ? [] : [carrier])], absent);
  });
}
