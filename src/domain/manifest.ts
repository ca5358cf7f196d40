import { parseDescriptor, type Descriptor } from "./descriptor.ts";
import { InputError } from "./errors.ts";
import {
  inside,
  optionalArray,
  optionalString,
  optionalStringMap,
  readStruct,
  requiredInteger,
  type JsonObject,
  type JsonPlace,
  type JsonValue,
} from "./json.ts";
import { CONFIG_TYPES, DOCKER_MANIFEST, IN_TOTO, INDEX_TYPES, isLayerType, MANIFEST_TYPES } from "./media-types.ts";
import { quoted } from "./quoted.ts";

/** An image manifest or an artefact that has the same shape (OCI image-spec, manifest.md). */
export type Manifest = {
  readonly kind: "manifest";
  readonly mediaType: string;
  readonly artifactType: string | undefined;
  readonly config: Descriptor;
  readonly layers: readonly Descriptor[];
  readonly subject: Descriptor | undefined;
  readonly annotations: Readonly<Record<string, string>>;
};

/** A list of manifests (OCI image-spec, image-index.md), which a fallback tag for referrers is too. */
export type Index = {
  readonly kind: "index";
  readonly mediaType: string;
  readonly artifactType: string | undefined;
  readonly manifests: readonly Descriptor[];
  readonly subject: Descriptor | undefined;
  readonly annotations: Readonly<Record<string, string>>;
};

/** Runtimes stop near 127 layers; beyond 500 nothing honest is built (reference: inspection, limits). */
export const MAX_LAYERS = 500;
/** More entries than any real multi-platform index has (reference: inspection, limits). */
export const MAX_INDEX_ENTRIES = 512;
/**
 * A list of referrers grows with every signature, attestation and bill of materials ever made of an image, so it may be far
 * longer than an index: as many entries of a KiB as a manifest of 4 MiB, which the fallback tag keeps it in, has room for.
 */
export const MAX_REFERRERS = 4096;

const FIELDS = [
  "schemaVersion",
  "mediaType",
  "artifactType",
  "config",
  "layers",
  "manifests",
  "subject",
  "annotations",
  "fsLayers",
  "history",
  "signatures",
] as const;

const PLACE: JsonPlace = { code: "manifest", path: "manifest" };

function refuse(why: string): never {
  throw new InputError("manifest", why);
}

/**
 * One JSON that is both manifest and index lets two readers see two images (GHSA-5j5w-g665-5m35), so the document must
 * have the members of exactly one, and its own `mediaType` must agree with what it was served or described as.
 * Throws `InputError`. `maxLayers` is for artefacts whose layers are no image's, `maxEntries` for lists that are no image.
 */
export function parseManifest(
  value: JsonValue,
  servedAs: string | undefined,
  maxLayers: number = MAX_LAYERS,
  maxEntries: number = MAX_INDEX_ENTRIES,
): Manifest | Index {
  const object = readStruct(value, FIELDS, PLACE);
  const version = requiredInteger(object, "schemaVersion", PLACE);
  if (object.has("fsLayers") || version === 1) {
    refuse("manifest is Docker schema 1, which has no content digests: push the image again with a current client");
  }
  if (version !== 2) refuse(`manifest.schemaVersion is ${version}, expected 2`);
  const mediaType = agreedMediaType(object, servedAs);
  if (INDEX_TYPES.includes(mediaType)) return parseIndex(object, mediaType, maxEntries);
  if (MANIFEST_TYPES.includes(mediaType)) return parseImageManifest(object, mediaType, maxLayers);
  return refuse(`manifest has the media type ${quoted(mediaType)}, which is neither an image manifest nor an index`);
}

function agreedMediaType(object: JsonObject, servedAs: string | undefined): string {
  const own = optionalString(object, "mediaType", PLACE);
  if (own !== undefined && servedAs !== undefined && own !== servedAs) {
    refuse(`manifest says it is ${quoted(own)} but was served as ${quoted(servedAs)}`);
  }
  return own ?? servedAs ?? refuse("manifest has no media type");
}

function parseIndex(object: JsonObject, mediaType: string, maxEntries: number): Index {
  if (object.has("config") || object.has("layers"))
    refuse("manifest is ambiguous: it is an index that also has config or layers");
  const entries = optionalArray(object, "manifests", PLACE) ?? refuse("index has no manifests");
  if (entries.length > maxEntries) refuse(`index has ${entries.length} entries, more than the ${maxEntries} allowed`);
  return {
    kind: "index",
    mediaType,
    manifests: entries.map((entry, at) => parseDescriptor(entry, inside(inside(PLACE, "manifests"), at))),
    ...common(object),
  };
}

function parseImageManifest(object: JsonObject, mediaType: string, maxLayers: number): Manifest {
  if (object.has("manifests")) refuse("manifest is ambiguous: it is an image manifest that also has manifests");
  const layers = optionalArray(object, "layers", PLACE) ?? refuse("manifest has no layers");
  if (layers.length > maxLayers) refuse(`manifest has ${layers.length} layers, more than the ${maxLayers} allowed`);
  return {
    kind: "manifest",
    mediaType,
    config: parseDescriptor(object.get("config"), inside(PLACE, "config")),
    layers: layers.map((layer, at) => parseDescriptor(layer, inside(inside(PLACE, "layers"), at))),
    ...common(object),
  };
}

function common(object: JsonObject): Pick<Index, "artifactType" | "subject" | "annotations"> {
  const subject = object.get("subject");
  return {
    artifactType: optionalString(object, "artifactType", PLACE),
    subject: subject === undefined || subject === null ? undefined : parseDescriptor(subject, inside(PLACE, "subject")),
    annotations: optionalStringMap(object, "annotations", PLACE),
  };
}

/**
 * Whether a runtime could try to start a container from it. Decided by content, generously, since what does not count is
 * not inspected: a file-system layer however packed, an image configuration, or the Docker manifest type is enough.
 */
export function isRunnable(manifest: Manifest): boolean {
  return (
    manifest.mediaType === DOCKER_MANIFEST ||
    CONFIG_TYPES.includes(manifest.config.mediaType) ||
    manifest.layers.some((layer) => isLayerType(layer.mediaType))
  );
}

/**
 * Whether an index entry is a BuildKit attestation manifest, which no runtime starts. All three marks are required, since
 * a label alone would let a runnable manifest dodge inspection (reference: inspection, limits).
 */
export function isBuildkitAttestation(entry: Descriptor, manifest: Manifest): boolean {
  return (
    entry.platform?.os === "unknown" &&
    entry.platform.architecture === "unknown" &&
    entry.annotations["vnd.docker.reference.type"] === "attestation-manifest" &&
    manifest.layers.length > 0 &&
    manifest.layers.every((layer) => layer.mediaType === IN_TOTO)
  );
}
