import { parseStrictJson } from "../../crypto/strict-json.ts";
import type { Descriptor } from "../../domain/descriptor.ts";
import { algorithmOf, hexOf, type Digest } from "../../domain/digest.ts";
import { InputError, PortError } from "../../domain/errors.ts";
import { MAX_LAYERS, MAX_REFERRERS, parseManifest, type Index, type Manifest } from "../../domain/manifest.ts";
import type { Document } from "../../domain/subject.ts";
import type { Referrers } from "../../ports/image-source.ts";
import { findTag, MAX_DOCUMENT_BYTES } from "./layout-index.ts";

/** Reads a manifest of the layout by its descriptor. */
export type ReadDocument = (descriptor: Descriptor) => Promise<Document | undefined>;

/** Which entries of `index.json` name which digest as their subject. */
export type SubjectMap = ReadonlyMap<Digest, readonly Descriptor[]>;

/** Looks into every entry: in a layout nothing else says what refers to what. Throws `PortError`. */
export async function readSubjects(index: Index, read: ReadDocument): Promise<SubjectMap> {
  const subjects = new Map<Digest, Descriptor[]>();
  for (const entry of index.manifests) {
    const document = await read(entry);
    const manifest = document && parseDocument(document);
    if (manifest?.subject === undefined) continue;
    const others = subjects.get(manifest.subject.digest) ?? [];
    subjects.set(manifest.subject.digest, [...others, describe(entry, manifest)]);
  }
  return subjects;
}

/** As a registry's list describes them (distribution-spec "Listing Referrers"): artifact type and annotations of the manifest. */
function describe(entry: Descriptor, manifest: Manifest | Index): Descriptor {
  const configType = manifest.kind === "manifest" ? manifest.config.mediaType : undefined;
  return { ...entry, artifactType: manifest.artifactType ?? configType, annotations: manifest.annotations };
}

/** Both what names the digest as its subject and what the fallback tag lists, each once. Throws `PortError`. */
export async function gatherReferrers(
  layout: { readonly index: Index; readonly place: string; readonly read: ReadDocument; readonly subjects: SubjectMap },
  digest: Digest,
): Promise<Referrers> {
  const named = layout.subjects.get(digest) ?? [];
  checkCount(named.length, `${layout.place} referrers of ${digest}`);
  const tag = findTag(layout.index, `${algorithmOf(digest)}-${hexOf(digest).slice(0, 64)}`, layout.place);
  if (tag === undefined) return { via: "referrers-api", descriptors: named };
  const document = await layout.read(tag);
  if (document === undefined)
    throw new PortError("not-found", `${layout.place} ${tag.digest}`, "index.json lists it and it is not there");
  const list = parseDocument(document);
  if (list.kind !== "index")
    throw new PortError("malformed", `${layout.place} ${tag.digest}`, "the list of referrers is not an index");
  const known = new Set(named.map((descriptor) => descriptor.digest));
  const listed = list.manifests.filter((entry) => !known.has(entry.digest));
  checkCount(named.length + listed.length, `${layout.place} referrers of ${digest}`);
  return { via: "referrers-tag", descriptors: [...named, ...listed] };
}

/** Reaching the limit is an error: judging the first of them would let the rest hide. */
function checkCount(count: number, what: string): void {
  if (count <= MAX_REFERRERS) return;
  const mend = "copy the image anew with those of its signatures and attestations that are needed";
  throw new PortError("too-many", what, `it has ${count} referrers, more than the ${MAX_REFERRERS} allowed: ${mend}`);
}

/**
 * A document of a layout that cannot be read is the layout's fault. How many entries an index has is for those to say who go
 * through them: an image's index is read anew for that, and here its size alone is bounded.
 */
function parseDocument(document: Document): Manifest | Index {
  const { digest, mediaType } = document.descriptor;
  try {
    const value = parseStrictJson(document.bytes, {
      code: "manifest",
      name: `manifest ${digest}`,
      maxBytes: MAX_DOCUMENT_BYTES,
    });
    return parseManifest(value, mediaType, MAX_LAYERS, Number.POSITIVE_INFINITY);
  } catch (error) {
    if (error instanceof InputError)
      throw new PortError("malformed", `manifest ${digest}`, error.message, { cause: error });
    throw error;
  }
}
