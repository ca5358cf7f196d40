import { parseCertificate } from "../../crypto/certificate.ts";
import { digestOf } from "../../crypto/digest-of.ts";
import type { Content } from "../../crypto/hashed-bytes.ts";
import { keyInLog } from "../../crypto/log-match.ts";
import type { PublicKey } from "../../crypto/public-key.ts";
import { InputError } from "../../domain/errors.ts";
import type { MadeSignature, PresentedCertificate } from "../made-signature.ts";
import { rejected } from "../opinion.ts";
import type { Proof, Prover, Refusal } from "../prover.ts";
import type { Bundle, MessageDigest } from "./bundle.ts";

/**
 * Who made a bundle's signature over `message`: an envelope's pre-authentication encoding, or the file that a message
 * signature is about. Never throws.
 */
export function proveBundle(bundle: Bundle, message: Uint8Array, prover: Prover): Proof | Refusal {
  if (bundle.content.kind === "message" && !isDigestOfMessage(bundle.content.digest, message)) {
    return rejected("signature", "bad-signature", "the digest beside the signature is not that of the signed file");
  }
  return prover.prove(bundleSignature(bundle, message));
}

function isDigestOfMessage(digest: MessageDigest, message: Uint8Array): boolean {
  return digest.algorithm === "SHA2_256" && digestOf(message) === `sha256:${Buffer.from(digest.bytes).toString("hex")}`;
}

/** A certificate's key is never tried as one of an authority's. */
export function bundleSignature(bundle: Bundle, message: Content): MadeSignature {
  const { content, entries, material } = bundle;
  const dsse = content.kind === "dsse";
  const signatures = dsse ? content.envelope.signatures.map(({ sig }) => sig) : [content.signature];
  const [signature = new Uint8Array()] = signatures;
  return {
    message,
    payload: dsse ? content.envelope.payload : undefined,
    signature,
    signatures,
    entries,
    timestamps: bundle.timestamps,
    certificate: material.kind === "certificate" ? () => presented(material) : undefined,
    byKey: material.kind === "public-key",
    claimed: () => claimedKey(bundle, signature),
  };
}

/** A chain must not hold its own root (sigstore_common.proto, `X509CertificateChain`). */
function presented(material: Extract<Bundle["material"], { readonly kind: "certificate" }>): PresentedCertificate {
  const chain = material.chain.map(parseCertificate);
  if (chain.some(({ subject, issuer }) => subject === issuer)) {
    throw new InputError("signature", "the bundle's x509CertificateChain holds a root, which it must not");
  }
  return { leaf: parseCertificate(material.leaf), chain };
}

/** The key that a log entry names for this signature, if the bundle carries one. */
function claimedKey(bundle: Bundle, signature: Uint8Array): PublicKey | undefined {
  return bundle.entries.map((entry) => keyInLog(entry.body, signature)).find((key) => key !== undefined);
}
