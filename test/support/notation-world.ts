import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

import type { Digest } from "../../src/domain/digest.ts";
import { OCI_INDEX, OCI_MANIFEST } from "../../src/domain/media-types.ts";
import type { ImageTarget } from "./image-builder.ts";
import type { Artifact } from "./signing/artifact.ts";
import type { Issued } from "./signing/certificates.ts";
import { NOTATION_SIGNATURE, signNotation, type NotationOptions } from "./signing/notation.ts";
import type { SupplyChain } from "./supply-chain.ts";

/** An `Authority` document of Notary Project trust under this name, with `members` of its spec as YAML. */
export function notationDocument(name: string, members: string): string {
  return `---\napiVersion: assay.dev/v1alpha1\nkind: Authority\nmetadata: { name: ${name} }\nspec:\n  notation: { ${members} }\n`;
}

/** Writes a trust policy and stores of the Notary Project's layout beside the policy; each store is `ca/acme` and so on. */
export function writeTrust(chain: SupplyChain, trustPolicy: object, stores: Readonly<Record<string, Issued>>): void {
  put(chain, "trustpolicy.json", JSON.stringify(trustPolicy));
  for (const [store, { pem }] of Object.entries(stores)) put(chain, `truststore/x509/${store}/root.crt`, pem);
}

export function put(chain: SupplyChain, name: string, text: string): void {
  const path = join(chain.folder, "policy", name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}

export type Pushed = Pick<Artifact, "mediaType" | "manifest" | "digest">;

export function manifestOf(built: {
  readonly manifest: { readonly bytes: Uint8Array; readonly descriptor: { readonly digest: Digest } };
}): Pushed {
  return {
    mediaType: OCI_MANIFEST,
    manifest: Buffer.from(built.manifest.bytes),
    digest: built.manifest.descriptor.digest,
  };
}

/** Signs and pushes as notation does to a registry without the referrers API: with a list under the fallback tag. */
export async function pushSignatures(
  target: ImageTarget,
  repository: string,
  image: Pushed,
  signatures: readonly Omit<NotationOptions, "image">[],
): Promise<void> {
  const signed = signatures.map((options) => signNotation({ image, ...options }));
  for (const artifact of signed) {
    for (const blob of artifact.blobs) await target.putBlob(repository, blob);
    await target.putManifest(repository, artifact.manifest, artifact.mediaType);
  }
  const manifests = signed.map(({ digest, manifest, mediaType }) => {
    return { mediaType, digest, size: manifest.length, artifactType: NOTATION_SIGNATURE };
  });
  const index = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: OCI_INDEX, manifests }));
  await target.putManifest(repository, index, OCI_INDEX, [image.digest.replace(":", "-")]);
}
