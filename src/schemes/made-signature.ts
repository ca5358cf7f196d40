import type { Certificate } from "../crypto/certificate.ts";
import type { Content } from "../crypto/hashed-bytes.ts";
import type { LogEntry } from "../crypto/log-entry.ts";
import type { PublicKey } from "../crypto/public-key.ts";

/** One signature taken out of whatever carried it. */
export type MadeSignature = {
  /** Exactly the bytes that were signed; an envelope's pre-authentication encoding. */
  readonly message: Content;
  readonly signature: Uint8Array;
  /** What else a log may have been told: an envelope's payload, and every signature of the artefact. */
  readonly payload: Content | undefined;
  readonly signatures: readonly Uint8Array[];
  readonly entries: readonly LogEntry[];
  /** RFC 3161 tokens (TimeStampResp), DER. */
  readonly timestamps: readonly Uint8Array[];
  /** An envelope's own text where it stands by itself: what timestamps may be over too, and what old logs know it by. */
  readonly envelope?: Content | undefined;
  /** The certificate that comes with it, for whoever judges by certificates. Throws `InputError` if it cannot be read. */
  readonly certificate: (() => PresentedCertificate) | undefined;
  /** Whether the format lets a bare key have made it: a bundle that names a certificate does not. */
  readonly byKey: boolean;
  /** The key that the artefact says made it: believed only where it verifies, and then only to name a stranger. */
  readonly claimed: () => PublicKey | undefined;
};

/** Nothing of it is believed: the chain is anybody's, and without the leaf. */
export type PresentedCertificate = { readonly leaf: Certificate; readonly chain: readonly Certificate[] };
