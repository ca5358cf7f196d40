import { parseStrictJson } from "../../crypto/strict-json.ts";
import type { Descriptor } from "../../domain/descriptor.ts";
import type { Digest } from "../../domain/digest.ts";
import { InputError } from "../../domain/errors.ts";
import { isJsonArray } from "../../domain/json.ts";
import { parseManifest, type Manifest } from "../../domain/manifest.ts";
import { OCI_EMPTY, OCI_MANIFEST } from "../../domain/media-types.ts";
import { quoted } from "../../domain/quoted.ts";
import type { Document } from "../../domain/subject.ts";
import { MAX_SIGNATURE_BYTES } from "../limits.ts";

/** The artifact type of a signature, and the config's media type in signatures by clients before artifact types. */
const NOTATION_SIGNATURE = "application/vnd.cncf.notary.signature";
export const JWS_ENVELOPE = "application/jose+json";
export const COSE_ENVELOPE = "application/cose";

const THUMBPRINTS = "io.cncf.notary.x509chain.thumbprint#S256";
const THUMBPRINT = /^[0-9A-Fa-f]{64}$/;

/** What a referrer's manifest says it is. Nothing of it is signed. */
export type SignatureManifest =
  | { readonly kind: "other" }
  | { readonly kind: "wrong-subject"; readonly subject: Digest | undefined }
  | { readonly kind: "too-large"; readonly layer: Descriptor }
  /** `thumbprints`: sha256 of the chain's certificates, in lower-case hex. */
  | { readonly kind: "signature"; readonly layer: Descriptor; readonly thumbprints: readonly string[] };

/**
 * A referrers list is not proof of what it lists, so the manifest is asked again what it is and whom it belongs to
 * (signature specification, "OCI Signatures"). Throws `InputError` for a manifest that cannot be read, or is a signature's
 * and breaks the rules for one.
 */
export function readSignatureManifest(document: Document, about: Digest): SignatureManifest {
  const options = { code: "manifest", name: "signature manifest", maxBytes: MAX_SIGNATURE_BYTES } as const;
  const manifest = parseManifest(parseStrictJson(document.bytes, options), document.descriptor.mediaType);
  if (manifest.kind === "index" || !claimsToBeSignature(manifest)) return { kind: "other" };
  if (manifest.subject?.digest !== about) return { kind: "wrong-subject", subject: manifest.subject?.digest };
  refuseForm(manifest);
  const [layer, ...more] = manifest.layers;
  if (layer === undefined || more.length > 0) {
    throw new InputError("manifest", `signature manifest has ${manifest.layers.length} layers, not one envelope`);
  }
  if (layer.mediaType !== JWS_ENVELOPE && layer.mediaType !== COSE_ENVELOPE) {
    throw new InputError("manifest", `signature manifest's layer is ${quoted(layer.mediaType)}, not a JWS or COSE`);
  }
  if (layer.size > MAX_SIGNATURE_BYTES) return { kind: "too-large", layer };
  return { kind: "signature", layer, thumbprints: readThumbprints(manifest) };
}

function claimsToBeSignature({ artifactType, config }: Manifest): boolean {
  return artifactType === NOTATION_SIGNATURE || config.mediaType === NOTATION_SIGNATURE;
}

function refuseForm({ mediaType, artifactType, config }: Manifest): void {
  if (mediaType !== OCI_MANIFEST) {
    throw new InputError("manifest", `signature manifest is ${quoted(mediaType)}, not an OCI image manifest`);
  }
  const proper = artifactType === undefined ? NOTATION_SIGNATURE : OCI_EMPTY;
  if (config.mediaType === proper && (artifactType ?? NOTATION_SIGNATURE) === NOTATION_SIGNATURE) return;
  throw new InputError(
    "manifest",
    `signature manifest has the artifact type ${quoted(artifactType ?? "")} and a config of ${quoted(config.mediaType)}, which do not go together`,
  );
}

function readThumbprints({ annotations }: Manifest): readonly string[] {
  const text = annotations[THUMBPRINTS];
  if (text === undefined) throw new InputError("manifest", `signature manifest has no annotation ${THUMBPRINTS}`);
  const options = { code: "manifest", name: `annotation ${THUMBPRINTS}`, maxBytes: MAX_SIGNATURE_BYTES } as const;
  const list = parseStrictJson(Buffer.from(text, "utf8"), options);
  const items = isJsonArray(list) ? list : [];
  return items.map((item) => {
    if (typeof item === "string" && THUMBPRINT.test(item)) return item.toLowerCase();
    throw new InputError("manifest", `annotation ${THUMBPRINTS} holds something that is no SHA-256 fingerprint`);
  });
}

/**
 * Whether a listed referrer could be a signature: those that a registry lists without a type are asked themselves.
 */
export function mayBeSignature(listed: Descriptor): boolean {
  const type = listed.artifactType ?? "";
  return type === "" || type === NOTATION_SIGNATURE;
}
