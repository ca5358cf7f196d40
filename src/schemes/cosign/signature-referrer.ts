import { parseStrictJson } from "../../crypto/strict-json.ts";
import type { Descriptor } from "../../domain/descriptor.ts";
import type { Digest } from "../../domain/digest.ts";
import { parseManifest } from "../../domain/manifest.ts";
import type { Document } from "../../domain/subject.ts";
import { MAX_SIGNATURE_BYTES, MAX_SIGNATURES } from "../limits.ts";

/** The config's media type in a signature manifest that refers to an image; registries list the manifest under it. */
export const SIGNATURE_ARTIFACT = "application/vnd.dev.cosign.artifact.sig.v1+json";

/** What a referrer's manifest says it is. Nothing of it is signed. */
export type SignatureReferrer =
  | { readonly kind: "other" }
  | { readonly kind: "wrong-subject"; readonly subject: Digest | undefined }
  | { readonly kind: "signatures" };

/** A referrers list is not proof of what it lists, so the manifest is asked again. Throws `InputError`. */
export function readSignatureReferrer(document: Document, about: Digest): SignatureReferrer {
  const options = { code: "manifest", name: "signature manifest", maxBytes: MAX_SIGNATURE_BYTES } as const;
  const json = parseStrictJson(document.bytes, options);
  const manifest = parseManifest(json, document.descriptor.mediaType, MAX_SIGNATURES);
  if (manifest.kind === "index") return { kind: "other" };
  const { artifactType, config, subject } = manifest;
  if (artifactType !== SIGNATURE_ARTIFACT && config.mediaType !== SIGNATURE_ARTIFACT) return { kind: "other" };
  return subject?.digest === about ? { kind: "signatures" } : { kind: "wrong-subject", subject: subject?.digest };
}

/** Whether a listed referrer could be such a manifest: those that a registry lists without a type are asked themselves. */
export function mayBeSignatures(listed: Descriptor): boolean {
  const type = listed.artifactType ?? "";
  return type === "" || type === SIGNATURE_ARTIFACT;
}
