import type { Digest } from "../domain/digest.ts";
import type { SchemeId, SignatureEvidence, SignatureSource } from "../domain/evidence.ts";
import { PortError } from "../domain/errors.ts";
import { ATTESTATION_EXTRACT, INDEX_TYPES, MANIFEST_TYPES } from "../domain/media-types.ts";
import { formatRepository } from "../domain/reference.ts";
import type { Document, Subject } from "../domain/subject.ts";
import type { ImageSource } from "../ports/image-source.ts";
import { stampedEvidence } from "../schemes/evidence.ts";
import type { Place, Sources, Target } from "../schemes/scheme.ts";
import type { Collection, CollectParts } from "./collection.ts";
import { holdsStatements } from "./coverage.ts";
import { listStaleAt } from "./freshness.ts";
import { indexesOf, looksOf, type Look as Spot } from "./looks.ts";
import { observe } from "./observe.ts";
import { onceEach } from "./once.ts";
import { sharingDocuments, withCalls } from "./once-by-digest.ts";

/**
 * Looks in each planned place for each digest that may carry a signature for this subject: the root, every leaf, and the
 * indexes of this repository that contain the root.
 */
export async function collectSignatures(
  { subject, plan, earlier, once = onceEach() }: Collection,
  parts: CollectParts,
  signal: AbortSignal,
): Promise<readonly SignatureSource[]> {
  const { fetch, notary, memory, clock } = parts;
  const images = rememberingImages(parts.images, earlier.signatures, manifestsOf(subject));
  const { statements } = plan;
  const derived = derivedDocuments(earlier.signatures);
  const sources: Sources = { images, fetch, notary, memory, clock, once, statements, derived };
  const spots = looksOf(subject, plan);
  const looks = spots.map(async (spot): Promise<SignatureSource> => {
    const before = earlier.signatures.find((entry) => isOf(entry, spot));
    const staleAt = before === undefined ? undefined : listStaleAt(before.content, parts.ages);
    const isFresh = staleAt !== undefined && parts.clock.now() < staleAt;
    if (before !== undefined && isFresh && holdsStatements(before, spot.place, plan)) return before;
    return look(subject, spot, { parts, sources, signal });
  });
  const looked = await Promise.all(looks);
  const untouched = earlier.signatures.filter((entry) => !spots.some((spot) => isOf(entry, spot)));
  return [...looked, ...untouched];
}

function isOf({ about, source }: SignatureSource, { about: of, place }: Spot): boolean {
  return about === of && source === place.key;
}

/** Documents that no registry has: made, by a scheme, of bytes too many to keep. */
function derivedDocuments(earlier: readonly SignatureSource[]): readonly Document[] {
  const evidence = earlier.flatMap(({ content }) => (content.kind === "observed" ? content.value : []));
  const documents = evidence.flatMap((item) => item.documents);
  return documents.filter(({ descriptor }) => descriptor.mediaType === ATTESTATION_EXTRACT);
}

type Work = { readonly parts: CollectParts; readonly sources: Sources; readonly signal: AbortSignal };

async function look(subject: Subject, spot: Spot, { parts, sources, signal }: Work): Promise<SignatureSource> {
  const { about, place } = spot;
  const { repository, requested } = subject;
  const target: Target = { repository, digest: about, requested, indexes: indexesOf(subject) };
  const what = `${formatRepository(subject.repository)} ${place.key} of ${about}`;
  const content = await observe(parts.clock, what, signal, async () => {
    const evidence = await place.collect(target, sources, signal);
    return evidence.map((item) => stamp(item, spot));
  });
  return { about, source: place.key, content };
}

/** A place's key begins with its scheme's name. */
function schemeOf({ key }: Place): SchemeId {
  return key.slice(0, key.indexOf(":")) as SchemeId;
}

/** Provenance is ours to state: a scheme cannot claim another's name, place or subject. */
function stamp(evidence: SignatureEvidence, { about, place }: Spot): SignatureEvidence {
  return stampedEvidence(evidence, { scheme: schemeOf(place), source: place.key, about });
}

/** The subject's own manifests, which were read before its signatures are looked for. */
function manifestsOf({ root, leaves }: Subject): readonly Document[] {
  return [root, ...leaves.flatMap(({ manifest }) => (manifest.kind === "observed" ? [manifest.value.document] : []))];
}

/**
 * Two places where the same is read, such as those of two authorities with other roots, cost one list, one manifest and one
 * blob each, and bytes that an earlier look brought are not fetched again.
 */
function rememberingImages(
  images: ImageSource,
  earlier: readonly SignatureSource[],
  held: readonly Document[],
): ImageSource {
  const evidence = earlier.flatMap(({ content }) => (content.kind === "observed" ? content.value : []));
  const documents = evidence.flatMap((item) => item.documents.map((document) => ({ document, item })));
  const isArtifact = ({ document, item }: (typeof documents)[number]): boolean =>
    document.descriptor.digest === item.artifact.digest;
  const artifacts = documents.filter(isArtifact).map(({ document }) => document);
  // One that was served as something else is asked for again: only its bytes are named by its digest.
  const manifests = byDigest([...held, ...artifacts.filter(isManifest)]);
  const blobs = byDigest(documents.filter((each) => !isArtifact(each)).map(({ document }) => document));
  const once = onceEach();
  const shared = sharingDocuments(
    withCalls(images, { manifest: async (...asked) => served(await images.manifest(...asked)) }),
    once,
  );
  return withCalls(shared, {
    resolve: async (reference, signal) => served(await images.resolve(reference, signal)),
    manifest: async (repository, digest, signal) =>
      manifests.get(digest) ?? (await shared.manifest(repository, digest, signal)),
    blob: async (repository, descriptor, limit, signal) => {
      const bytes = blobs.get(descriptor.digest)?.bytes;
      const isKnown = bytes !== undefined && bytes.length === descriptor.size && bytes.length <= limit;
      return isKnown ? { descriptor, bytes } : await shared.blob(repository, descriptor, limit, signal);
    },
    referrers: (repository, digest, signal) =>
      once(`referrers of ${formatRepository(repository)}@${digest}`, () =>
        images.referrers(repository, digest, signal),
      ),
  });
}

function isManifest({ descriptor: { mediaType } }: Document): boolean {
  return MANIFEST_TYPES.includes(mediaType) || INDEX_TYPES.includes(mediaType);
}

/** What Assay makes for itself is believed later, so nobody may serve it. Throws `PortError`. */
function served(document: Document | undefined): Document | undefined {
  if (document?.descriptor.mediaType !== ATTESTATION_EXTRACT) return document;
  const detail = `the registry serves it as ${ATTESTATION_EXTRACT}, which is in no registry`;
  throw new PortError("malformed", `manifest ${document.descriptor.digest}`, detail);
}

function byDigest(documents: readonly Document[]): ReadonlyMap<Digest, Document> {
  return new Map(documents.map((document) => [document.descriptor.digest, document]));
}
