import type { EnvelopeAlgorithm } from "../../crypto/envelope-algorithm.ts";
import { InputError } from "../../domain/errors.ts";
import { quoted } from "../../domain/quoted.ts";
import type { Document } from "../../domain/subject.ts";
import { openCose } from "./cose-envelope.ts";
import { openJws } from "./jws-envelope.ts";
import type { SignedHeader } from "./signed-header.ts";
import { COSE_ENVELOPE, JWS_ENVELOPE } from "./signature-manifest.ts";

/** A signature envelope of either format, opened and not believed: what is signed is read once the signature holds. */
export type Envelope = {
  /** What it says it was signed with. */
  readonly algorithm: EnvelopeAlgorithm;
  readonly message: Uint8Array;
  readonly signature: Uint8Array;
  readonly payload: Uint8Array;
  /** Throws `InputError`. */
  readonly signedHeader: () => SignedHeader;
  /** DER, the signer's first and the root last. */
  readonly chain: readonly Uint8Array[];
  /** An RFC 3161 TimeStampToken, DER. */
  readonly timestamp: Uint8Array | undefined;
};

/** Reads the envelope in a signature's layer by the layer's media type. Throws `InputError`. */
export function openEnvelope({ descriptor, bytes }: Document): Envelope {
  switch (descriptor.mediaType) {
    case JWS_ENVELOPE:
      return openJws(bytes);
    case COSE_ENVELOPE:
      return openCose(bytes);
    default:
      throw new InputError("signature", `the envelope is ${quoted(descriptor.mediaType)}, neither JWS nor COSE`);
  }
}
