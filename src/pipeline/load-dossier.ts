import type { Descriptor } from "../domain/descriptor.ts";
import type { Digest } from "../domain/digest.ts";
import { PortError } from "../domain/errors.ts";
import type { Dossier } from "../domain/evidence.ts";
import type { LayerContent } from "../domain/layer-facts.ts";
import { INDEX_TYPES, MANIFEST_TYPES } from "../domain/media-types.ts";
import { formatRepository, type Repository } from "../domain/reference.ts";
import type { Document } from "../domain/subject.ts";
import type { ImageSource } from "../ports/image-source.ts";
import type { MissingPart } from "../records/dossiers.ts";
import type { Records } from "../records/records.ts";
import { refuseUnread, type Layers } from "./layers.ts";
import { notThere } from "./observe.ts";

type Place = { readonly repository: Repository; readonly digest: Digest };
type LoadParts = { readonly images: ImageSource; readonly layers: Layers; readonly records: Records };

/** Documents too large to keep stay in the registry; no scheme takes one larger than this. */
const MAX_REFETCHED_BYTES = 128 * 1024 * 1024;

/** What is stored about an image, if all of it is; no request. */
export async function storedDossier({ repository, digest }: Place, records: Records): Promise<Dossier | undefined> {
  const loaded = await records.dossiers.load(repository, digest);
  if (loaded.kind !== "incomplete") return loaded.kind === "whole" ? loaded.dossier : undefined;
  const layers = refusedLayers(loaded.missing);
  if (layers.size < loaded.missing.length) return undefined;
  const again = await records.dossiers.load(repository, digest, { layers });
  return again.kind === "whole" ? again.dossier : undefined;
}

/** What is answered by its descriptor is kept nowhere, since the same blob under another descriptor is read. */
function refusedLayers(missing: readonly MissingPart[]): ReadonlyMap<Digest, LayerContent> {
  return new Map(
    missing.flatMap(({ kind, descriptor }): readonly [Digest, LayerContent][] => {
      const refused = kind === "layer" ? refuseUnread(descriptor) : undefined;
      return refused === undefined ? [] : [[descriptor.digest, refused]];
    }),
  );
}

/**
 * What is stored about an image, with whatever the store no longer holds fetched again by its digest. `undefined` if
 * nothing is stored, or if the registry no longer has a part: then the image is looked at anew.
 */
export async function loadDossier(place: Place, parts: LoadParts, signal: AbortSignal): Promise<Dossier | undefined> {
  const loaded = await parts.records.dossiers.load(place.repository, place.digest);
  if (loaded.kind === "unknown") return undefined;
  if (loaded.kind === "whole") return loaded.dossier;
  try {
    const atHand = await fetchMissing(place.repository, loaded.missing, parts, signal);
    const again = await parts.records.dossiers.load(place.repository, place.digest, atHand);
    return again.kind === "whole" ? again.dossier : undefined;
  } catch (error) {
    if (error instanceof PortError && !signal.aborted) return undefined;
    throw error;
  }
}

async function fetchMissing(
  repository: Repository,
  missing: readonly MissingPart[],
  parts: LoadParts,
  signal: AbortSignal,
) {
  const layers = new Map<Digest, LayerContent>();
  const documents: Document[] = [];
  await Promise.all(
    missing.map(async ({ kind, descriptor }) => {
      if (kind === "layer") layers.set(descriptor.digest, await parts.layers.content(repository, descriptor, signal));
      else documents.push(await fetchDocument(repository, descriptor, parts.images, signal));
    }),
  );
  return { documents, layers };
}

async function fetchDocument(
  repository: Repository,
  descriptor: Descriptor,
  images: ImageSource,
  signal: AbortSignal,
): Promise<Document> {
  const isManifest = MANIFEST_TYPES.includes(descriptor.mediaType) || INDEX_TYPES.includes(descriptor.mediaType);
  const document = isManifest
    ? await images.manifest(repository, descriptor.digest, signal)
    : await images.blob(repository, descriptor, MAX_REFETCHED_BYTES, signal);
  if (document === undefined) throw notThere(`${formatRepository(repository)} ${descriptor.digest}`);
  return document;
}
