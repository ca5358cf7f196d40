import { digestOf } from "../../src/crypto/digest-of.ts";
import { plainDescriptor, type Descriptor } from "../../src/domain/descriptor.ts";
import { algorithmOf, hexOf, type Digest } from "../../src/domain/digest.ts";
import { OCI_CONFIG, OCI_EMPTY, OCI_INDEX, OCI_MANIFEST } from "../../src/domain/media-types.ts";

/** Something that images can be put into: the in-process registry, a real one, or a layout on disk. */
export interface ImageTarget {
  putBlob(repository: string, bytes: Uint8Array): Promise<Digest>;
  putManifest(repository: string, bytes: Uint8Array, mediaType: string, tags?: readonly string[]): Promise<Digest>;
}

/** What was put: a descriptor with the bytes it describes. */
export type Put = { readonly descriptor: Descriptor; readonly bytes: Uint8Array };
export type PutImage = Put & { readonly config: Put; readonly layers: readonly Put[] };

export const LAYER_TYPE = "application/vnd.oci.image.layer.v1.tar+gzip";

export type ImageParts = {
  /** Members of the image configuration, merged over a minimal one for linux/amd64. */
  readonly config?: Readonly<Record<string, unknown>>;
  readonly layers?: readonly (Uint8Array | { readonly bytes: Uint8Array; readonly mediaType: string })[];
  readonly tags?: readonly string[];
  readonly annotations?: Readonly<Record<string, string>>;
  /** Media types of manifest and configuration, where they are not OCI's. */
  readonly manifestType?: string;
  readonly configType?: string;
};

/** Puts an image of a configuration and layers, given as bytes that are not looked at. */
export async function putImage(target: ImageTarget, repository: string, parts: ImageParts = {}): Promise<PutImage> {
  const config = await putBlob(target, repository, jsonBytes(configuration(parts)), parts.configType ?? OCI_CONFIG);
  const layers: Put[] = [];
  for (const layer of parts.layers ?? [Buffer.from(`layer of ${repository}`)]) {
    const given = layer instanceof Uint8Array ? { bytes: layer, mediaType: LAYER_TYPE } : layer;
    layers.push(await putBlob(target, repository, given.bytes, given.mediaType));
  }
  const mediaType = parts.manifestType ?? OCI_MANIFEST;
  const manifest = {
    schemaVersion: 2,
    mediaType,
    config: entryOf(config.descriptor),
    layers: layers.map((layer) => entryOf(layer.descriptor)),
    ...(parts.annotations === undefined ? {} : { annotations: parts.annotations }),
  };
  return { ...(await putJson(target, repository, manifest, { mediaType, tags: parts.tags })), config, layers };
}

function configuration(parts: ImageParts): Readonly<Record<string, unknown>> {
  return { architecture: "amd64", os: "linux", config: {}, rootfs: { type: "layers", diff_ids: [] }, ...parts.config };
}

export type IndexEntry = {
  readonly descriptor: Descriptor;
  readonly platform?: { readonly os: string; readonly architecture: string; readonly variant?: string };
  readonly annotations?: Readonly<Record<string, string>>;
  readonly artifactType?: string;
};

export function putIndex(
  target: ImageTarget,
  repository: string,
  entries: readonly IndexEntry[],
  options: { readonly tags?: readonly string[]; readonly mediaType?: string } = {},
): Promise<Put> {
  const mediaType = options.mediaType ?? OCI_INDEX;
  const manifests = entries.map(({ descriptor, ...rest }) => ({ ...entryOf(descriptor), ...rest }));
  return putJson(target, repository, { schemaVersion: 2, mediaType, manifests }, { mediaType, tags: options.tags });
}

export type ReferrerParts = {
  readonly artifactType: string;
  readonly payload: Uint8Array;
  readonly payloadType?: string;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly payloadAnnotations?: Readonly<Record<string, string>>;
};

/** Puts an artefact that names `subject`. Where the target has no referrers API, list it by `putReferrersTag` too. */
export async function putReferrer(
  target: ImageTarget,
  repository: string,
  subject: Descriptor,
  parts: ReferrerParts,
): Promise<Put> {
  const empty = await putBlob(target, repository, Buffer.from("{}"), OCI_EMPTY);
  const payload = await putBlob(target, repository, parts.payload, parts.payloadType ?? "application/octet-stream");
  const annotations = parts.payloadAnnotations === undefined ? {} : { annotations: parts.payloadAnnotations };
  const manifest = {
    schemaVersion: 2,
    mediaType: OCI_MANIFEST,
    artifactType: parts.artifactType,
    config: entryOf(empty.descriptor),
    layers: [{ ...entryOf(payload.descriptor), ...annotations }],
    subject: entryOf(subject),
    ...(parts.annotations === undefined ? {} : { annotations: parts.annotations }),
  };
  return putJson(target, repository, manifest, { mediaType: OCI_MANIFEST });
}

/** The tag under which a registry without the referrers API lists what refers to a digest. */
export function fallbackTag(digest: Digest): string {
  return `${algorithmOf(digest)}-${hexOf(digest).slice(0, 64)}`;
}

export function putReferrersTag(
  target: ImageTarget,
  repository: string,
  subject: Digest,
  referrers: readonly IndexEntry[],
): Promise<Put> {
  return putIndex(target, repository, referrers, { tags: [fallbackTag(subject)] });
}

export async function putBlob(
  target: ImageTarget,
  repository: string,
  bytes: Uint8Array,
  mediaType: string,
): Promise<Put> {
  await target.putBlob(repository, bytes);
  return { descriptor: plainDescriptor(mediaType, digestOf(bytes), bytes.byteLength), bytes };
}

/** Puts any JSON as a manifest, well-formed or not. */
export async function putJson(
  target: ImageTarget,
  repository: string,
  value: unknown,
  options: { readonly mediaType: string; readonly tags?: readonly string[] | undefined },
): Promise<Put> {
  const bytes = jsonBytes(value);
  await target.putManifest(repository, bytes, options.mediaType, options.tags ?? []);
  return { descriptor: plainDescriptor(options.mediaType, digestOf(bytes), bytes.byteLength), bytes };
}

export function jsonBytes(value: unknown): Uint8Array {
  return Buffer.from(JSON.stringify(value), "utf8");
}

/** A descriptor as a document writes it. */
export function entryOf({ mediaType, digest, size }: Descriptor): {
  readonly mediaType: string;
  readonly digest: Digest;
  readonly size: number;
} {
  return { mediaType, digest, size };
}
