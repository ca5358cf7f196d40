/** The media types Assay knows, by name (OCI image-spec, media-types.md; Docker distribution schema 2). */
export const OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json";
export const OCI_INDEX = "application/vnd.oci.image.index.v1+json";
export const OCI_CONFIG = "application/vnd.oci.image.config.v1+json";
export const OCI_EMPTY = "application/vnd.oci.empty.v1+json";
export const DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json";
export const DOCKER_LIST = "application/vnd.docker.distribution.manifest.list.v2+json";
export const DOCKER_CONFIG = "application/vnd.docker.container.image.v1+json";
export const IN_TOTO = "application/vnd.in-toto+json";
/** Not in any registry: what was taken out of an attestation too large to keep, for our own stores. */
export const ATTESTATION_EXTRACT = "application/vnd.assay.attestation-extract";
/** A list of revoked certificates (RFC 2585), from the address that a certificate names. */
export const REVOCATION_LIST = "application/pkix-crl";
/** One file of a Notary v1 collection, from its server. */
export const NOTARY_METADATA = "application/vnd.assay.notary-metadata+json";

export const MANIFEST_TYPES: readonly string[] = [OCI_MANIFEST, DOCKER_MANIFEST];
export const INDEX_TYPES: readonly string[] = [OCI_INDEX, DOCKER_LIST];
export const CONFIG_TYPES: readonly string[] = [OCI_CONFIG, DOCKER_CONFIG];

/** How a layer's bytes are packed; `unknown` layers make an image uninspectable rather than an error of ours. */
export type LayerPacking = "tar" | "gzip" | "zstd" | "unknown";

const LAYER_PACKING: ReadonlyMap<string, LayerPacking> = new Map([
  ["application/vnd.oci.image.layer.v1.tar", "tar"],
  ["application/vnd.oci.image.layer.v1.tar+gzip", "gzip"],
  ["application/vnd.oci.image.layer.v1.tar+zstd", "zstd"],
  ["application/vnd.oci.image.layer.nondistributable.v1.tar", "tar"],
  ["application/vnd.oci.image.layer.nondistributable.v1.tar+gzip", "gzip"],
  ["application/vnd.oci.image.layer.nondistributable.v1.tar+zstd", "zstd"],
  ["application/vnd.docker.image.rootfs.diff.tar", "tar"],
  ["application/vnd.docker.image.rootfs.diff.tar.gzip", "gzip"],
  ["application/vnd.docker.image.rootfs.diff.tar.zstd", "zstd"],
  ["application/vnd.docker.image.rootfs.foreign.diff.tar.gzip", "gzip"],
]);

// containerd takes every media type that begins so for a layer, whatever follows.
const LAYER_PREFIXES = ["application/vnd.oci.image.layer.", "application/vnd.docker.image.rootfs."];

/** Whether a runtime could take it for a file-system layer, even one that we cannot unpack. */
export function isLayerType(mediaType: string): boolean {
  return LAYER_PREFIXES.some((prefix) => mediaType.toLowerCase().startsWith(prefix));
}

export function layerPacking(mediaType: string): LayerPacking {
  return LAYER_PACKING.get(mediaType) ?? "unknown";
}
