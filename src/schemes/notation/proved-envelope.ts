import { parseCertificate, type Certificate } from "../../crypto/certificate.ts";
import { envelopeAlgorithmOf, isEnvelopeSignedBy } from "../../crypto/envelope-algorithm.ts";
import { InputError } from "../../domain/errors.ts";
import type { RejectionReason, Step } from "../../domain/facts.ts";
import { quoted } from "../../domain/quoted.ts";
import type { Document } from "../../domain/subject.ts";
import { rejected, type Rejection } from "../opinion.ts";
import { chainProblem } from "./certificate-rules.ts";
import { subjectOf, thumbprintOf } from "./certificate-subject.ts";
import { openEnvelope, type Envelope } from "./envelope.ts";
import { PAYLOAD_TYPE } from "./payload.ts";
import { readSignedAttributes, type SignedAttributes } from "./signed-header.ts";

/** An envelope whose signature is that of its chain's leaf, under rules that hold for everybody. Whom to trust is not asked. */
export type ProvedEnvelope = {
  readonly kind: "proved";
  readonly leaf: Certificate;
  readonly chain: readonly Certificate[];
  readonly attributes: SignedAttributes;
  /** What the countersignature is over. */
  readonly signature: Uint8Array;
  readonly timestamp: Uint8Array | undefined;
  readonly payload: Uint8Array;
};

/**
 * Steps `parsed`, `signature` and the part of `chain` that no policy can loosen: the "integrity" of the specification. The
 * signed header and the payload are read only after the signature.
 */
export function proveEnvelope(document: Document, thumbprints: readonly string[]): ProvedEnvelope | Rejection {
  const opened = reading("parsed", "malformed", () => openParts(document));
  if ("kind" in opened) return opened;
  const { envelope, chain } = opened;
  const [leaf] = chain;
  if (leaf === undefined) return rejected("parsed", "malformed", "no certificate comes with the signature");
  const problem = signatureProblem(envelope, leaf);
  if (problem !== undefined) return problem;
  const attributes = reading("signature", "unsupported", () => readSignedAttributes(envelope.signedHeader()));
  if ("kind" in attributes) return attributes;
  if (attributes.contentType !== PAYLOAD_TYPE) {
    const detail = `the signature is good, but over ${quoted(attributes.contentType, 120)}, not ${PAYLOAD_TYPE}`;
    return rejected("signature", "wrong-predicate", detail);
  }
  const unfit = reading("chain", "certificate-unfit", () => ({ problem: chainProblem(chain, "code-signing") }));
  if ("kind" in unfit) return unfit;
  if (unfit.problem !== undefined) return rejected("chain", "certificate-unfit", unfit.problem);
  if (chain.map(thumbprintOf).join() !== thumbprints.join()) {
    return rejected(
      "chain",
      "malformed",
      "its manifest lists the fingerprints of other certificates than the envelope's",
    );
  }
  const { signature, timestamp, payload } = envelope;
  return { kind: "proved", leaf, chain, attributes, signature, timestamp, payload };
}

type Parts = { readonly envelope: Envelope; readonly chain: readonly Certificate[] };

function openParts(document: Document): Parts {
  const envelope = openEnvelope(document);
  return { envelope, chain: envelope.chain.map(parseCertificate) };
}

/** What cannot be read is refused at the step that reads it. */
function reading<T extends object>(step: Step, reason: RejectionReason, read: () => T): T | Rejection {
  try {
    return read();
  } catch (error) {
    if (error instanceof InputError) return rejected(step, reason, error.message);
    throw error;
  }
}

/** The certificate's key decides the algorithm; an envelope that says another is refused before anything is computed. */
function signatureProblem(envelope: Envelope, leaf: Certificate): Rejection | undefined {
  const algorithm = envelopeAlgorithmOf(leaf.key);
  if (algorithm === undefined) {
    return rejected(
      "signature",
      "unsupported",
      "the signer's key is of a kind that may not sign: use RSA of 2048, 3072 or 4096 bits, or ECDSA on P-256, P-384 or P-521",
    );
  }
  if (envelope.algorithm !== algorithm) {
    const detail = `the envelope says ${envelope.algorithm}, and the key of its certificate signs with ${algorithm} alone`;
    return rejected("signature", "bad-signature", detail);
  }
  if (isEnvelopeSignedBy(leaf.key, envelope.message, envelope.signature)) return undefined;
  const detail = `the key of its certificate, ${subjectOf(leaf)}, did not make this signature over these bytes`;
  return rejected("signature", "bad-signature", detail);
}
