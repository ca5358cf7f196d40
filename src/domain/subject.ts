import type { Descriptor } from "./descriptor.ts";
import type { Digest } from "./digest.ts";
import type { Observation } from "./gap.ts";
import type { Instant } from "./instant.ts";
import type { Manifest } from "./manifest.ts";
import type { Platform } from "./platform.ts";
import type { ImageReference, Repository } from "./reference.ts";

/** Bytes exactly as fetched, already checked against their descriptor's digest and size. */
export type Document = { readonly descriptor: Descriptor; readonly bytes: Uint8Array };

/** One manifest a container could be started from. */
export type Leaf = {
  /** As the index declares it; absent where the reference names the manifest itself. */
  readonly declared: Platform | undefined;
  readonly descriptor: Descriptor;
  readonly manifest: Observation<LeafManifest>;
};

export type LeafManifest = { readonly document: Document; readonly manifest: Manifest };

/** What a reference resolved to, once. Everything after this speaks of digests only. */
export type Subject = {
  readonly requested: ImageReference;
  readonly repository: Repository;
  readonly resolvedAt: Instant;
  readonly root: Document;
  readonly shape: "image" | "index" | "artifact";
  readonly leaves: readonly Leaf[];
  /** BuildKit attestation manifests of an index, recognised by content; never run, never inspected as images. */
  readonly attestations: readonly Descriptor[];
  /** Indexes of this repository, seen earlier, that list the root: a signature on one of them may speak for it. */
  readonly containedIn: readonly Digest[];
};
