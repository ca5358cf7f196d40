import { digestOf } from "../../../src/crypto/digest-of.ts";
import type { Digest } from "../../../src/domain/digest.ts";
import { OCI_MANIFEST } from "../../../src/domain/media-types.ts";

/** Bytes to put into a registry: a manifest, the blobs it names, and the tag it goes under if it has one. */
export type Artifact = {
  readonly mediaType: string;
  readonly manifest: Buffer;
  readonly digest: Digest;
  readonly blobs: readonly Buffer[];
  readonly tag: string | undefined;
};

/** A descriptor as JSON, with whatever else it shall have. */
export function describe(mediaType: string, bytes: Uint8Array, more: object = {}): object {
  return { mediaType, size: bytes.length, digest: digestOf(bytes), ...more };
}

export function artifactOf(manifest: object, blobs: readonly Buffer[], tag?: string): Artifact {
  const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: OCI_MANIFEST, ...manifest }));
  return { mediaType: OCI_MANIFEST, manifest: bytes, digest: digestOf(bytes), blobs, tag };
}

/** A small image whose digest depends on `text`. */
export function imageOf(text: string, tag?: string): Artifact {
  const config = Buffer.from(
    JSON.stringify({
      architecture: "amd64",
      os: "linux",
      config: { Labels: { text } },
      rootfs: { type: "layers", diff_ids: [] },
    }),
  );
  return artifactOf(
    { config: describe("application/vnd.oci.image.config.v1+json", config), layers: [] },
    [config],
    tag,
  );
}
