import { addressOf } from "../crypto/digest-of.ts";
import type { Digest } from "../domain/digest.ts";
import type { SignatureEvidence, SignatureSource, SourceKey } from "../domain/evidence.ts";
import { formatRepository } from "../domain/reference.ts";
import type { Document, Subject } from "../domain/subject.ts";
import type { ImageSource, Referrers } from "../ports/image-source.ts";
import type { SignatureScheme, Sources, Target } from "../schemes/scheme.ts";
import type { Collection, CollectParts } from "./collect.ts";
import { listStaleAt } from "./freshness.ts";
import { observe } from "./observe.ts";

/**
 * Looks in each planned place for each digest that may carry a signature for this subject: the root, every leaf, and the
 * indexes of this repository that contain the root.
 */
export async function collectSignatures(
  { subject, plan, earlier }: Collection,
  parts: CollectParts,
  signal: AbortSignal,
): Promise<readonly SignatureSource[]> {
  const sources: Sources = { images: rememberingImages(parts.images, earlier.signatures), fetch: parts.fetch };
  const looks = signedDigests(subject).flatMap((about) =>
    plan.sources.map(async (source): Promise<SignatureSource> => {
      const before = earlier.signatures.find((entry) => entry.about === about && entry.source === source);
      const staleAt = before === undefined ? undefined : listStaleAt(before.content, parts.ages);
      if (before !== undefined && staleAt !== undefined && parts.clock.now() < staleAt) return before;
      return look(subject, { about, source }, { parts, sources, signal });
    }),
  );
  const looked = await Promise.all(looks);
  const untouched = earlier.signatures.filter((entry) => !plan.sources.includes(entry.source));
  return [...looked, ...untouched];
}

/** Digests whose signature may speak for the subject, the root first. */
export function signedDigests(subject: Pick<Subject, "root" | "leaves" | "containedIn">): readonly Digest[] {
  return [
    ...new Set([
      subject.root.descriptor.digest,
      ...subject.leaves.map((leaf) => leaf.descriptor.digest),
      ...subject.containedIn,
    ]),
  ];
}

type Place = { readonly about: Digest; readonly source: SourceKey };
type Look = { readonly parts: CollectParts; readonly sources: Sources; readonly signal: AbortSignal };

async function look(subject: Subject, place: Place, { parts, sources, signal }: Look): Promise<SignatureSource> {
  const scheme = schemeOf(place.source, parts.schemes);
  const target: Target = { repository: subject.repository, digest: place.about, requested: subject.requested };
  const what = `${formatRepository(subject.repository)} ${place.source} of ${place.about}`;
  const content = await observe(parts.clock, what, signal, async () => {
    const evidence = await scheme.collect(place.source, target, sources, signal);
    return evidence.map((item) => stamp(item, scheme, place));
  });
  return { ...place, content };
}

function schemeOf(source: SourceKey, schemes: readonly SignatureScheme[]): SignatureScheme {
  const scheme = schemes.find((candidate) => source.startsWith(`${candidate.id}:`));
  if (scheme === undefined) throw new TypeError(`no scheme keeps signatures in ${source}`);
  return scheme;
}

/** Provenance is ours to state: a scheme cannot claim another's name, place or subject. */
function stamp(evidence: SignatureEvidence, scheme: SignatureScheme, place: Place): SignatureEvidence {
  const content = {
    artifact: evidence.artifact.digest,
    part: evidence.part,
    via: evidence.via,
    documents: evidence.documents.map((document) => document.descriptor.digest),
    missing: evidence.missing,
  };
  const stamped = { scheme: scheme.id, source: place.source, about: place.about };
  return { ...evidence, ...stamped, id: addressOf("signature-evidence", { ...content, ...stamped }) };
}

/** Two schemes that both read referrers cost one list, and bytes that an earlier look brought are not fetched again. */
function rememberingImages(images: ImageSource, earlier: readonly SignatureSource[]): ImageSource {
  const evidence = earlier.flatMap(({ content }) => (content.kind === "observed" ? content.value : []));
  const documents = evidence.flatMap((item) => item.documents.map((document) => ({ document, item })));
  const isArtifact = ({ document, item }: (typeof documents)[number]): boolean =>
    document.descriptor.digest === item.artifact.digest;
  const manifests = byDigest(documents.filter(isArtifact).map(({ document }) => document));
  const blobs = byDigest(documents.filter((each) => !isArtifact(each)).map(({ document }) => document));
  const manifest: ImageSource["manifest"] = async (repository, digest, signal) =>
    manifests.get(digest) ?? images.manifest(repository, digest, signal);
  const blob: ImageSource["blob"] = async (repository, descriptor, limit, signal) => {
    const bytes = blobs.get(descriptor.digest)?.bytes;
    const isKnown = bytes !== undefined && bytes.length === descriptor.size && bytes.length <= limit;
    return isKnown ? { descriptor, bytes } : images.blob(repository, descriptor, limit, signal);
  };
  const lists = new Map<string, Promise<Referrers>>();
  const referrers: ImageSource["referrers"] = (repository, digest, signal) => {
    const key = `${formatRepository(repository)}@${digest}`;
    const list = lists.get(key) ?? images.referrers(repository, digest, signal);
    lists.set(key, list);
    return list;
  };
  return {
    resolve: images.resolve.bind(images),
    head: images.head.bind(images),
    manifest,
    blob,
    stream: images.stream.bind(images),
    tags: images.tags.bind(images),
    repositories: images.repositories.bind(images),
    referrers,
  };
}

function byDigest(documents: readonly Document[]): ReadonlyMap<Digest, Document> {
  return new Map(documents.map((document) => [document.descriptor.digest, document]));
}
