import { isDigestOf } from "../crypto/digest-of.ts";
import { parseStrictJson } from "../crypto/strict-json.ts";
import type { Descriptor } from "../domain/descriptor.ts";
import { InputError, PortError } from "../domain/errors.ts";
import type { Observation } from "../domain/gap.ts";
import type { Instant } from "../domain/instant.ts";
import {
  isBuildkitAttestation,
  isRunnable,
  MAX_INDEX_ENTRIES,
  parseManifest,
  type Index,
  type Manifest,
} from "../domain/manifest.ts";
import { formatRepository, type ImageReference, type Repository } from "../domain/reference.ts";
import type { Document, Leaf, LeafManifest, Subject } from "../domain/subject.ts";
import type { Clock } from "../ports/clock.ts";
import type { ImageSource } from "../ports/image-source.ts";
import { notThere, observe } from "./observe.ts";

/** Registries and runtimes accept at least this much (distribution-spec, "Pushing manifests"; containers/image). */
const MAX_MANIFEST_BYTES = 4 * 1024 * 1024;

/** Indexes of indexes exist; deeper nesting is a maze, not an image (reference: inspection, limits). */
const MAX_INDEX_DEPTH = 3;

export type ResolveParts = { readonly images: ImageSource; readonly clock: Clock };

/** Parses a manifest document strictly. Throws `InputError`. */
function readManifest(document: Document): Manifest | Index {
  const value = parseStrictJson(document.bytes, { code: "manifest", name: "manifest", maxBytes: MAX_MANIFEST_BYTES });
  return parseManifest(value, document.descriptor.mediaType);
}

/**
 * Turns the root document of a reference into its subject: every manifest that a runtime could start, found by walking
 * the index. A leaf that cannot be read is a gap. Throws `InputError` for a root that is no image and no index.
 */
export async function resolveSubject(
  requested: ImageReference,
  root: Document,
  parts: ResolveParts,
  signal: AbortSignal,
): Promise<Subject> {
  const resolvedAt = parts.clock.now();
  const manifest = readManifest(root);
  const common = { requested, repository: requested.repository, resolvedAt, root, containedIn: [] };
  if (manifest.kind === "manifest") {
    const shape = isRunnable(manifest) ? "image" : "artifact";
    return {
      ...common,
      shape,
      leaves: shape === "image" ? [rootLeaf(root, manifest, resolvedAt)] : [],
      attestations: [],
    };
  }
  const walk: IndexWalk = { repository: requested.repository, parts, signal, seen: new Set() };
  const found = await walkIndex(walk, manifest, 1);
  return { ...common, shape: "index", leaves: found.leaves, attestations: found.attestations };
}

function rootLeaf(root: Document, manifest: Manifest, at: Instant): Leaf {
  return {
    declared: undefined,
    descriptor: root.descriptor,
    manifest: { kind: "observed", at, value: { document: root, manifest } },
  };
}

type IndexWalk = {
  readonly repository: Repository;
  readonly parts: ResolveParts;
  readonly signal: AbortSignal;
  readonly seen: Set<string>;
};
type Found = { readonly leaves: readonly Leaf[]; readonly attestations: readonly Descriptor[] };

async function walkIndex(walk: IndexWalk, index: Index, depth: number): Promise<Found> {
  const fresh = index.manifests.filter((entry) => isFirst(walk.seen, entry));
  if (walk.seen.size > MAX_INDEX_ENTRIES)
    throw new InputError("manifest", `index names more than ${MAX_INDEX_ENTRIES} manifests in all: split it`);
  const parts = await Promise.all(fresh.map((entry) => visitEntry(walk, entry, depth)));
  return { leaves: parts.flatMap((part) => part.leaves), attestations: parts.flatMap((part) => part.attestations) };
}

/** One manifest listed for two platforms is two leaves, since a runtime goes by the entry it chooses. */
function isFirst(seen: Set<string>, { digest, platform }: Descriptor): boolean {
  const key = JSON.stringify([digest, platform]);
  const first = !seen.has(key);
  seen.add(key);
  return first;
}

async function visitEntry(walk: IndexWalk, entry: Descriptor, depth: number): Promise<Found> {
  const what = `${formatRepository(walk.repository)} manifest ${entry.digest}`;
  const seen = await observe(walk.parts.clock, what, walk.signal, () => fetchEntry(walk, entry, what));
  if (seen.kind !== "observed")
    return { leaves: [{ declared: entry.platform, descriptor: entry, manifest: seen }], attestations: [] };
  const { document, manifest } = seen.value;
  if (manifest.kind === "index") return nested(walk, manifest, depth);
  if (isBuildkitAttestation(entry, manifest)) return { leaves: [], attestations: [entry] };
  if (!isRunnable(manifest)) return { leaves: [], attestations: [] };
  const observed: Observation<LeafManifest> = { kind: "observed", at: seen.at, value: { document, manifest } };
  return { leaves: [{ declared: entry.platform, descriptor: entry, manifest: observed }], attestations: [] };
}

async function nested(walk: IndexWalk, index: Index, depth: number): Promise<Found> {
  if (depth >= MAX_INDEX_DEPTH)
    throw new InputError("manifest", `index is nested deeper than ${MAX_INDEX_DEPTH} levels: flatten it`);
  return walkIndex(walk, index, depth + 1);
}

async function fetchEntry(
  walk: IndexWalk,
  entry: Descriptor,
  what: string,
): Promise<{ document: Document; manifest: Manifest | Index }> {
  const fetched = await walk.parts.images.manifest(walk.repository, entry.digest, walk.signal);
  if (fetched === undefined) throw notThere(what);
  if (!isDigestOf(entry.digest, fetched.bytes) || fetched.bytes.length !== entry.size) {
    throw new PortError(
      "digest-mismatch",
      what,
      "the bytes served are not those the index names: pull from another registry, or push the image again",
    );
  }
  // A runtime believes the index about what the entry is, not the header it was served with.
  const document = { descriptor: entry, bytes: fetched.bytes };
  return { document, manifest: readManifest(document) };
}
