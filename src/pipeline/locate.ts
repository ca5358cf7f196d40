import type { Digest } from "../domain/digest.ts";
import type { Dossier } from "../domain/evidence.ts";
import { millisOf, type Instant } from "../domain/instant.ts";
import { formatReference, formatRepository, type ImageReference } from "../domain/reference.ts";
import type { Document, Subject } from "../domain/subject.ts";
import type { Clock } from "../ports/clock.ts";
import type { ImageSource } from "../ports/image-source.ts";
import type { Records } from "../records/records.ts";
import type { TagReference } from "../schemes/scheme.ts";
import { NOTHING_EARLIER, type Earlier } from "./collection.ts";
import type { Layers } from "./layers.ts";
import { notThere } from "./observe.ts";
import { loadDossier, storedDossier } from "./load-dossier.ts";
import { resolveSubject } from "./resolve.ts";

export type LocateParts = {
  readonly images: ImageSource;
  readonly layers: Layers;
  readonly records: Records;
  readonly clock: Clock;
};

/** A subject and what an earlier verification collected about it. */
export type Located = { readonly subject: Subject; readonly earlier: Earlier };

/** What a tag is by the word of those who sign it, and under which key that is remembered. */
export type Named = { readonly key: string; readonly digest: Digest };

/** The subject of a tag that is signed: the digest it is signed for, wherever the registry's tag points. */
export async function locateNamed(
  reference: TagReference,
  { key, digest }: Named,
  parts: LocateParts,
  signal: AbortSignal,
): Promise<Located> {
  const { repository, tag } = reference;
  await parts.records.resolutions.put(key, { digest, observedAt: parts.clock.now() });
  const stored = await remembered(reference, digest, parts, signal);
  if (stored !== undefined) return stored;
  const root = await parts.images.resolve({ kind: "digest", repository, digest, tag }, signal);
  if (root === undefined) throw notThere(`${formatRepository(repository)} ${digest}, which is signed as ${tag},`);
  return newSubject(reference, root, parts, signal);
}

/** As `recall`, for a tag whose signed digest was seen at most `tagMaxAgeMs` ago under `key`; no request at all. */
export async function recallNamed(
  reference: TagReference,
  { key, tagMaxAgeMs }: { readonly key: string; readonly tagMaxAgeMs: number },
  parts: LocateParts,
): Promise<Dossier | undefined> {
  const seen = await parts.records.resolutions.get(key);
  if (seen === undefined || millisOf(parts.clock.now()) - millisOf(seen.observedAt) >= tagMaxAgeMs) return undefined;
  const { repository } = reference;
  const known = await storedDossier({ repository, digest: seen.digest }, parts.records);
  return known && { ...known, subject: await asRequested(known.subject, reference, parts) };
}

/**
 * Finds the subject of a reference at the least price: nothing for a digest seen before, one HEAD for a tag that has not
 * moved, one GET for anything new. Throws `PortError` (`not-found` included) and `InputError` for what is no image.
 */
export async function locate(reference: ImageReference, parts: LocateParts, signal: AbortSignal): Promise<Located> {
  const digest = reference.kind === "digest" ? reference.digest : await unmovedDigest(reference, parts, signal);
  const stored = digest === undefined ? undefined : await remembered(reference, digest, parts, signal);
  if (stored !== undefined) return stored;
  const root = await parts.images.resolve(reference, signal);
  if (root === undefined)
    throw notThere(
      `${formatRepository(reference.repository)} ${reference.kind === "tag" ? `tag ${reference.tag}` : reference.digest}`,
    );
  await rememberTag(reference, root.descriptor.digest, parts);
  return (
    (await remembered(reference, root.descriptor.digest, parts, signal)) ?? newSubject(reference, root, parts, signal)
  );
}

/**
 * What is stored about a reference whose tag was seen at most `tagMaxAgeMs` ago, or is looked up now by one HEAD, the only
 * request. `undefined` if it was never seen or is not stored whole; then nothing is asked, since whoever verifies asks anyway
 * and callers by the dozen may be waiting for one that does.
 */
export async function recall(
  reference: ImageReference,
  tagMaxAgeMs: number,
  parts: LocateParts,
  signal: AbortSignal,
): Promise<Dossier | undefined> {
  const { repository } = reference;
  const seen = await lastSeen(reference, parts);
  const known = seen && (await storedDossier({ repository, digest: seen.digest }, parts.records));
  if (seen === undefined || known === undefined) return undefined;
  const age = seen.observedAt && millisOf(parts.clock.now()) - millisOf(seen.observedAt);
  const isRecent = age === undefined || age < tagMaxAgeMs;
  const digest = isRecent ? seen.digest : await headDigest(reference, parts, signal);
  if (digest === undefined) return undefined;
  const dossier = digest === seen.digest ? known : await storedDossier({ repository, digest }, parts.records);
  return dossier && { ...dossier, subject: await asRequested(dossier.subject, reference, parts) };
}

/** Where a tag pointed and when; a digest points to itself for ever. */
async function lastSeen(
  reference: ImageReference,
  parts: LocateParts,
): Promise<{ readonly digest: Digest; readonly observedAt: Instant | undefined } | undefined> {
  if (reference.kind === "digest") return { digest: reference.digest, observedAt: undefined };
  return parts.records.resolutions.get(formatReference(reference));
}

/** A tag never seen costs a GET anyway, so only a known one is asked by HEAD. */
async function unmovedDigest(
  reference: ImageReference,
  parts: LocateParts,
  signal: AbortSignal,
): Promise<Digest | undefined> {
  const seen = await parts.records.resolutions.get(formatReference(reference));
  return seen === undefined ? undefined : headDigest(reference, parts, signal);
}

async function headDigest(
  reference: ImageReference,
  parts: LocateParts,
  signal: AbortSignal,
): Promise<Digest | undefined> {
  const digest = await parts.images.head(reference, signal);
  if (digest !== undefined) await rememberTag(reference, digest, parts);
  return digest;
}

async function rememberTag(reference: ImageReference, digest: Digest, parts: LocateParts): Promise<void> {
  if (reference.kind === "tag")
    await parts.records.resolutions.put(formatReference(reference), { digest, observedAt: parts.clock.now() });
}

async function remembered(
  reference: ImageReference,
  digest: Digest,
  parts: LocateParts,
  signal: AbortSignal,
): Promise<Located | undefined> {
  const dossier = await loadDossier({ repository: reference.repository, digest }, parts, signal);
  if (dossier === undefined) return undefined;
  const subject = await asRequested(dossier.subject, reference, parts);
  if (subject.leaves.every((leaf) => leaf.manifest.kind !== "gap")) return { subject, earlier: dossier };
  const again = await resolveSubject(reference, subject.root, parts, signal);
  return { subject: { ...again, containedIn: subject.containedIn }, earlier: dossier };
}

/** The stored subject of a digest, as this reference reached it now. */
async function asRequested(subject: Subject, requested: ImageReference, parts: LocateParts): Promise<Subject> {
  const containedIn = await parts.records.indexEntries.containing(subject.repository, subject.root.descriptor.digest);
  return { ...subject, requested, resolvedAt: parts.clock.now(), containedIn };
}

async function newSubject(
  reference: ImageReference,
  root: Document,
  parts: LocateParts,
  signal: AbortSignal,
): Promise<Located> {
  const subject = await resolveSubject(reference, root, parts, signal);
  const { digest } = root.descriptor;
  if (subject.shape === "index") {
    await parts.records.indexEntries.add(
      reference.repository,
      digest,
      subject.leaves.map((leaf) => leaf.descriptor.digest),
    );
  }
  const containedIn = await parts.records.indexEntries.containing(reference.repository, digest);
  return { subject: { ...subject, containedIn }, earlier: NOTHING_EARLIER };
}
