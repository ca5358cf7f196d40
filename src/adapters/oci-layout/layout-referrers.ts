import { parseStrictJson } from "../../crypto/strict-json.ts";
import type { Descriptor } from "../../domain/descriptor.ts";
import { algorithmOf, hexOf, type Digest } from "../../domain/digest.ts";
import { InputError, PortError } from "../../domain/errors.ts";
import { parseManifest, type Index, type Manifest } from "../../domain/manifest.ts";
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
  const tag = findTag(layout.index, `${algorithmOf(digest)}-${hexOf(digest).slice(0, 64)}`, layout.place);
  if (tag === undefined) return { via: "referrers-api", descriptors: named };
  const document = await layout.read(tag);
  if (document === undefined)
    throw new PortError("not-found", `${layout.place} ${tag.digest}`, "index.json lists it and it is not there");
  const list = parseDocument(document);
  if (list.kind !== "index")
    throw new PortError("malformed", `${layout.place} ${tag.digest}`, "the list of referrers is not an index");
  const known = new Set(named.map((descriptor) => descriptor.digest));
  return {
    via: "referrers-tag",
    descriptors: [...named, ...list.manifests.filter((entry) => !known.has(entry.digest))],
  };
}

/** A document of a layout that cannot be read is the layout's fault. */
function parseDocument(document: Document): Manifest | Index {
  const { digest, mediaType } = document.descriptor;
  try {
    const value = parseStrictJson(document.bytes, {
      code: "manifest",
      name: `manifest ${digest}`,
      maxBytes: MAX_DOCUMENT_BYTES,
    });
    return parseManifest(value, mediaType);
  } catch (error) {
    if (error instanceof InputError)
      throw new PortError("malformed", `manifest ${digest}`, error.message, { cause: error });
    throw error;
  }
}
