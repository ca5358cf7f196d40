import { digestOf } from "../../src/crypto/digest-of.ts";
import { isDigest, type Digest } from "../../src/domain/digest.ts";
import { OCI_INDEX } from "../../src/domain/media-types.ts";
import { jsonBytes } from "./image-builder.ts";

export type StoredManifest = { readonly bytes: Buffer; readonly mediaType: string };

type Stored = {
  readonly blobs: Map<string, Buffer>;
  readonly manifests: Map<string, StoredManifest>;
  readonly tags: Map<string, Digest>;
};

/** What a registry holds, by repository, in memory. */
export class RegistryContent {
  readonly repositories = new Map<string, Stored>();

  in(repository: string): Stored {
    const found = this.repositories.get(repository) ?? { blobs: new Map(), manifests: new Map(), tags: new Map() };
    this.repositories.set(repository, found);
    return found;
  }

  putBlob(repository: string, bytes: Uint8Array, digest: Digest = digestOf(bytes)): Digest {
    this.in(repository).blobs.set(digest, Buffer.from(bytes));
    return digest;
  }

  putManifest(repository: string, bytes: Uint8Array, mediaType: string, digest: Digest = digestOf(bytes)): Digest {
    this.in(repository).manifests.set(digest, { bytes: Buffer.from(bytes), mediaType });
    return digest;
  }

  manifest(repository: string, reference: string): (StoredManifest & { readonly digest: Digest }) | undefined {
    const stored = this.repositories.get(repository);
    const digest = isDigest(reference) ? reference : stored?.tags.get(reference);
    const manifest = digest === undefined ? undefined : stored?.manifests.get(digest);
    return manifest === undefined || digest === undefined ? undefined : { ...manifest, digest };
  }

  /** The descriptors the referrers API would list for a digest. */
  referrers(repository: string, subject: string): readonly object[] {
    return [...(this.repositories.get(repository)?.manifests ?? [])].flatMap(([digest, { bytes, mediaType }]) => {
      const manifest = readObject(bytes);
      if (manifest?.subject?.digest !== subject) return [];
      const { annotations } = manifest;
      const artifactType = manifest.artifactType ?? manifest.config?.mediaType;
      return [{ mediaType, digest, size: bytes.byteLength, artifactType, annotations }];
    });
  }
}

type Loose = {
  readonly subject?: { readonly digest?: string };
  readonly config?: { readonly mediaType?: string };
  readonly artifactType?: string;
  readonly annotations?: Record<string, string>;
};

function readObject(bytes: Buffer): Loose | undefined {
  try {
    return JSON.parse(bytes.toString("utf8")) as Loose;
  } catch {
    return undefined;
  }
}

export function referrersIndex(manifests: readonly object[]): Buffer {
  return Buffer.from(jsonBytes({ schemaVersion: 2, mediaType: OCI_INDEX, manifests }));
}
