import type { Descriptor } from "../../domain/descriptor.ts";
import { plainDescriptor } from "../../domain/descriptor.ts";
import type { Digest } from "../../domain/digest.ts";
import { PortError } from "../../domain/errors.ts";
import type { Index } from "../../domain/manifest.ts";
import type { ImageReference, Repository, Tag } from "../../domain/reference.ts";
import type { Document } from "../../domain/subject.ts";
import type { ImageSource } from "../../ports/image-source.ts";
import { openArchive } from "./archive.ts";
import { checked, findBlob, findDigest, readBlob } from "./blob-files.ts";
import { openFolder } from "./folder.ts";
import type { LayoutFiles } from "./layout-files.ts";
import { findTag, MAX_DOCUMENT_BYTES, readLayoutIndex, tagOf } from "./layout-index.ts";
import { gatherReferrers, readSubjects, type SubjectMap } from "./layout-referrers.ts";
import { ownMediaType } from "./media-type.ts";
import { chooseRoot } from "./root.ts";

export type LayoutLocation = {
  readonly kind: "folder" | "archive";
  readonly path: string;
  readonly tag?: string | undefined;
};

/** A layout opened for one image, `root`. */
export type Layout = ImageSource & { readonly root: Descriptor };

/**
 * An OCI image layout (image-spec, image-layout.md) in a folder or a tar file, read like a registry. `as` is what its image is
 * called: that reference resolves to the image the location names, other tags of the same repository by `index.json`, and no
 * other repository is answered for. Throws `InputError` (`layout`) for what is no layout or names no image, `PortError` for
 * one that cannot be read or contradicts itself.
 */
export async function openLayout(
  location: LayoutLocation,
  options: { readonly as?: ImageReference } = {},
): Promise<Layout> {
  const files = await (location.kind === "folder" ? openFolder : openArchive)(location.path);
  const index = await readLayoutIndex(files);
  const never = new AbortController().signal;
  const subjects = await readSubjects(index, (entry) =>
    readBlob(files, { descriptor: entry, limit: MAX_DOCUMENT_BYTES }, never),
  );
  const parts = { files, index, subjects, place: files.place, as: options.as };
  const root = chooseRoot(parts, location.tag);
  return Object.assign(sourceOf({ ...parts, root }), { root });
}

type Parts = {
  readonly files: LayoutFiles;
  readonly place: string;
  readonly index: Index;
  readonly subjects: SubjectMap;
  readonly root: Descriptor;
  readonly as: ImageReference | undefined;
};

function sourceOf(parts: Parts): ImageSource {
  const { files, place, index } = parts;
  return {
    resolve: async (reference, signal) => {
      const digest = digestFor(parts, reference);
      return digest === undefined ? undefined : readDocument(parts, digest, signal);
    },
    head: async (reference) => {
      const digest = digestFor(parts, reference);
      return digest !== undefined && (await findDigest(files, digest)) !== undefined ? digest : undefined;
    },
    manifest: async (repository, digest, signal) => within(parts, repository) && readDocument(parts, digest, signal),
    blob: async (repository, descriptor, limit, signal) =>
      within(parts, repository) && readBlob(files, { descriptor, limit }, signal),
    stream: async (repository, descriptor, signal) => {
      const file = within(parts, repository) && (await findBlob(files, descriptor));
      return file && checked(files, file, descriptor, signal);
    },
    referrers: async (repository, digest, signal) => {
      within(parts, repository);
      const read = (descriptor: Descriptor) => readBlob(files, { descriptor, limit: MAX_DOCUMENT_BYTES }, signal);
      return gatherReferrers({ index, place, subjects: parts.subjects, read }, digest);
    },
    signatures: async (repository) => {
      // A layout has no place for them, which is as much as holding none.
      within(parts, repository);
      return undefined;
    },
    tags: (repository) => tagsOf(parts, repository),
    repositories: () => refuseCatalog(place),
  };
}

/** Says so rather than "not there": nobody has looked into another repository. */
function within(parts: Parts, repository: Repository): true {
  const own = parts.as?.repository;
  if (own !== undefined && (own.registry !== repository.registry || own.path !== repository.path)) {
    throw new PortError(
      "unsupported",
      `${repository.registry}/${repository.path}`,
      `only ${parts.place} is read, which holds ${own.registry}/${own.path}`,
    );
  }
  return true;
}

function digestFor(parts: Parts, reference: ImageReference): Digest | undefined {
  within(parts, reference.repository);
  if (reference.kind === "digest") return reference.digest;
  if (parts.as?.kind === "tag" && parts.as.tag === reference.tag) return parts.root.digest;
  return findTag(parts.index, reference.tag, parts.place)?.digest;
}

async function readDocument(parts: Parts, digest: Digest, signal: AbortSignal): Promise<Document | undefined> {
  const file = await findDigest(parts.files, digest);
  if (file === undefined) return undefined;
  const listed = parts.index.manifests.find((entry) => entry.digest === digest);
  const descriptor = plainDescriptor(listed?.mediaType ?? "", digest, listed?.size ?? file.size);
  const document = await readBlob(parts.files, { descriptor, limit: MAX_DOCUMENT_BYTES }, signal);
  if (document === undefined || listed !== undefined) return document;
  const mediaType = ownMediaType(document.bytes, `${parts.place} ${digest}`);
  return { descriptor: plainDescriptor(mediaType, digest, descriptor.size), bytes: document.bytes };
}

const TAG = /^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$/;

/** Names that are no tags, such as the whole references some tools write there, are left out. */
async function* tagsOf(parts: Parts, repository: Repository): AsyncGenerator<Tag> {
  within(parts, repository);
  const names = parts.index.manifests.flatMap((entry) => tagOf(entry) ?? []);
  for (const name of new Set(names)) if (TAG.test(name)) yield name as Tag;
}

/** Refuses when it is read, as a registry without a catalogue does. */
async function* refuseCatalog(place: string): AsyncGenerator<Repository> {
  const refusal = new PortError("unsupported", place, "a layout has no list of repositories: name the image");
  yield* await Promise.reject<readonly Repository[]>(refusal);
}
