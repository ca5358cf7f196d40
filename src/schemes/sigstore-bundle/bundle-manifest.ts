import { parseStrictJson } from "../../crypto/strict-json.ts";
import type { Descriptor } from "../../domain/descriptor.ts";
import type { Digest } from "../../domain/digest.ts";
import { InputError } from "../../domain/errors.ts";
import { parseManifest } from "../../domain/manifest.ts";
import { OCI_EMPTY } from "../../domain/media-types.ts";
import type { Document } from "../../domain/subject.ts";
import { MAX_SIGNATURE_BYTES } from "../limits.ts";
import { isBundleType } from "./media-type.ts";

/** The predicate of an image signature; every other is an attestation, which never counts as one. */
export const SIGN_PREDICATE = "https://sigstore.dev/cosign/sign/v1";
const PREDICATE_ANNOTATION = "dev.sigstore.bundle.predicateType";

/** What a referrer's manifest says it is. Nothing of it is signed. */
export type BundleManifest =
  | { readonly kind: "other" }
  | { readonly kind: "wrong-subject"; readonly subject: Digest | undefined }
  | { readonly kind: "attestation"; readonly predicateType: string }
  | { readonly kind: "too-large"; readonly layer: Descriptor }
  | { readonly kind: "bundle"; readonly layer: Descriptor };

/** A manifest that holds a bundle, whatever the bundle is of; the predicate as the manifest tells it. */
export type BundleReferrer =
  | { readonly kind: "other" }
  | { readonly kind: "wrong-subject"; readonly subject: Digest | undefined; readonly predicateType: string | undefined }
  | { readonly kind: "bundle"; readonly layer: Descriptor; readonly predicateType: string | undefined };

/** An attestation by its own word, and what is too large for an image signature, need not be fetched to be refused. */
export function readBundleManifest(document: Document, about: Digest): BundleManifest {
  const read = readBundleReferrer(document, about);
  if (read.kind === "other") return read;
  if (read.kind === "wrong-subject") return { kind: "wrong-subject", subject: read.subject };
  const { layer, predicateType = SIGN_PREDICATE } = read;
  if (predicateType !== SIGN_PREDICATE) return { kind: "attestation", predicateType };
  return layer.size > MAX_SIGNATURE_BYTES ? { kind: "too-large", layer } : { kind: "bundle", layer };
}

/**
 * A referrers list is not proof of what it lists, so the manifest is asked again whom it belongs to.
 * Throws `InputError` for a manifest that cannot be read, or is a bundle's and does not hold exactly one.
 */
export function readBundleReferrer(document: Document, about: Digest): BundleReferrer {
  const options = { code: "manifest", name: "referrer's manifest", maxBytes: MAX_SIGNATURE_BYTES } as const;
  const manifest = parseManifest(parseStrictJson(document.bytes, options), document.descriptor.mediaType);
  if (manifest.kind === "index") return { kind: "other" };
  const bundles = manifest.layers.filter((layer) => isBundleType(layer.mediaType));
  if (bundles.length === 0 && !isBundleType(manifest.artifactType ?? "")) return { kind: "other" };
  const predicateType = manifest.annotations[PREDICATE_ANNOTATION];
  const subject = manifest.subject?.digest;
  if (subject !== about) return { kind: "wrong-subject", subject, predicateType };
  const [layer] = bundles;
  if (layer === undefined || manifest.layers.length !== 1) {
    throw new InputError("manifest", `referrer's manifest has ${manifest.layers.length} layers, not one bundle`);
  }
  return { kind: "bundle", layer, predicateType };
}

/**
 * Whether a listed referrer could be a bundle. cosign 3.1 lists its bundles under the type of the empty config, and
 * registries list a manifest without a type under its config's: only the manifest itself knows.
 */
export function mayBeBundle(listed: Descriptor): boolean {
  const type = listed.artifactType ?? "";
  return type === "" || type === OCI_EMPTY || isBundleType(type);
}
