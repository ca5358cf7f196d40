import { decodeBase64 } from "../../crypto/base64.ts";
import { parseCertificate } from "../../crypto/certificate.ts";
import { certificateOfPem, certificatesOfPem } from "../../crypto/certificate-pem.ts";
import type { Content } from "../../crypto/hashed-bytes.ts";
import type { LogEntry } from "../../crypto/log-entry.ts";
import { keyInLog, keyOfVerifier } from "../../crypto/log-match.ts";
import type { PublicKey } from "../../crypto/public-key.ts";
import { InputError } from "../../domain/errors.ts";
import type { MadeSignature, PresentedCertificate } from "../made-signature.ts";
import { parseRekorBundle } from "./rekor-bundle.ts";
import { parseTimestampAnnotation } from "./timestamp-annotation.ts";

export const SIGNATURE = "dev.cosignproject.cosign/signature";
const LOG_BUNDLE = "dev.sigstore.cosign/bundle";
const CERTIFICATE = "dev.sigstore.cosign/certificate";
const CHAIN = "dev.sigstore.cosign/chain";
const TIMESTAMP = "dev.sigstore.cosign/rfc3161timestamp";

/** Longer than a leaf and ten intermediates can be, as PEM. */
const MAX_CHAIN = 512 * 1024;
/** Ten intermediates and a root, which cosign writes too. */
const MAX_CERTIFICATES = 11;

type Annotations = Readonly<Record<string, string>>;

/** What a layer of cosign has in an envelope rather than in its annotations. */
export type Enveloped = Pick<MadeSignature, "signature" | "payload" | "signatures" | "envelope">;

/**
 * The signature of `message` that a layer's annotations hold (sigstore/cosign, specs/SIGNATURE_SPEC.md), or of an attestation
 * that its envelope holds, with the material in the annotations. Throws `InputError`.
 */
export function annotatedSignature(annotations: Annotations, message: Content, enveloped?: Enveloped): MadeSignature {
  const made = enveloped ?? detached(annotations);
  const bundle = annotations[LOG_BUNDLE];
  const token = annotations[TIMESTAMP];
  const certificate = textIn(annotations, CERTIFICATE);
  const entries = bundle === undefined ? [] : [parseRekorBundle(bundle)];
  return {
    ...made,
    message,
    entries,
    timestamps: token === undefined ? [] : [parseTimestampAnnotation(token)],
    certificate: certificate === undefined ? undefined : () => presented(certificate, textIn(annotations, CHAIN)),
    byKey: true,
    claimed: () => claimedKey(certificate, entries, made.signature),
  };
}

/** cosign's decoder skips line breaks inside base64, and so do we. */
function detached(annotations: Annotations): Enveloped {
  const text = (annotations[SIGNATURE] ?? "").replaceAll(/[\r\n]/g, "");
  const signature = decodeBase64(text, `the annotation ${SIGNATURE}`);
  return { signature, payload: undefined, signatures: [signature] };
}

/** cosign writes an empty chain where there is none. */
function textIn(annotations: Annotations, name: string): string | undefined {
  const text = annotations[name] ?? "";
  return text === "" ? undefined : text;
}

function presented(certificate: string, chain: string | undefined): PresentedCertificate {
  const leaf = certificateOfPem(certificate);
  if (leaf === undefined) {
    throw new InputError("signature", `the annotation ${CERTIFICATE} is not one certificate as PEM`);
  }
  return { leaf: parseCertificate(leaf), chain: chain === undefined ? [] : readChain(chain) };
}

function readChain(pem: string): PresentedCertificate["chain"] {
  if (pem.length > MAX_CHAIN || pem.split("-----BEGIN").length - 1 > MAX_CERTIFICATES) {
    throw new InputError("signature", `the annotation ${CHAIN} holds more than ${MAX_CERTIFICATES} certificates`);
  }
  return certificatesOfPem(pem, `the annotation ${CHAIN}`);
}

function claimedKey(
  certificate: string | undefined,
  entries: readonly LogEntry[],
  signature: Uint8Array,
): PublicKey | undefined {
  if (certificate !== undefined) return keyOfVerifier({ kind: "pem", text: certificate });
  return entries.map((entry) => keyInLog(entry.body, signature)).find((key) => key !== undefined);
}
