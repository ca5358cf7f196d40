import { IN_TOTO_PAYLOAD } from "../../crypto/in-toto.ts";
import { ED25519_SIGNATURE_BYTES } from "../../crypto/public-key.ts";
import type { Descriptor } from "../../domain/descriptor.ts";
import { InputError } from "../../domain/errors.ts";
import type { SignatureEvidence } from "../../domain/evidence.ts";
import { STEPS, type AttestationOpinion } from "../../domain/facts.ts";
import { quoted } from "../../domain/quoted.ts";
import type { Document } from "../../domain/subject.ts";
import type { MadeSignature } from "../made-signature.ts";
import { rejected } from "../opinion.ts";
import { verifiedBy, type Proof, type Prover, type Refusal } from "../prover.ts";
import type { Target } from "../scheme.ts";
import { readBundleReferrer } from "../sigstore-bundle/bundle-manifest.ts";
import { readAttestationLayers } from "./attestation-layers.ts";
import { judgeStatement } from "./carried-statement.ts";
import { readCarrier } from "./carrier.ts";
import { isReadable } from "./carriers.ts";
import type { Form } from "./extract.ts";
import { MAX_ATTESTATION_BYTES, MAX_HELD_BYTES, MAX_KEPT_TOTAL } from "./limits.ts";

type Judged = AttestationOpinion | undefined;

/** Bytes of strangers may be anything: whatever goes wrong in judging them is a rejection, and never a crash or a pass. */
export function guardedAttestation(judge: () => Judged): Judged {
  try {
    return judge();
  } catch (error) {
    const why = error instanceof InputError ? error.message : "the attestation could not be read";
    return rejected("parsed", "malformed", why);
  }
}

/** Judges one layer of an `.att` manifest. */
export function assessTagged(prover: Prover, evidence: SignatureEvidence, target: Target): Judged {
  const { missing, part } = evidence;
  if (missing !== undefined) return lost(missing);
  const [document] = evidence.documents;
  if (document === undefined) return rejected("found", "malformed", "the evidence holds no document");
  if (document.descriptor.digest === evidence.artifact.digest) return remark(document, part);
  return judgeCarrier(document, "envelope", target, prover);
}

export function lost(digest: string): AttestationOpinion {
  return rejected("fetched", "missing-document", `the registry does not have ${digest}, which the attestation needs`);
}

/** Says what is wrong with a manifest, or with those of its layers that were not fetched. */
function remark(manifest: Document, part: number): AttestationOpinion {
  const layers = readAttestationLayers(manifest);
  if (layers.kind === "too-many") return rejected("found", "unsupported", `it lists ${layers.count} attestations`);
  const unread = layers.signatures.find((each) => each.part === part)?.layer;
  if (unread !== undefined) return tooLarge(unread);
  const [other] = layers.others;
  if (other === undefined) return rejected("found", "no-signature", "the attestation manifest lists no attestation");
  const { mediaType, size } = other.layer;
  const detail = `layer ${other.part} is no cosign attestation (${quoted(mediaType, 80)}, ${size} bytes); such layers: ${layers.others.length}`;
  return rejected("found", "unsupported", detail);
}

/** It may be anybody's, and say anything: that it is too much to read is no reason to take it for nothing. */
export function tooLarge({ digest, size }: Descriptor): AttestationOpinion {
  const detail = `${size} bytes, more than the ${MAX_ATTESTATION_BYTES} that are read: attest to less, or remove it`;
  const gap = { code: "too-large", what: `attestation ${digest}`, detail } as const;
  return { kind: "undetermined", gap, step: "fetched", signer: undefined };
}

/** Judges one bundle that refers to an image. */
export function assessReferred(prover: Prover, evidence: SignatureEvidence, target: Target): Judged {
  if (evidence.missing !== undefined) return lost(evidence.missing);
  const [manifest, document] = evidence.documents;
  if (manifest === undefined) return rejected("found", "malformed", "the evidence holds no document");
  const read = readBundleReferrer(manifest, target.digest);
  if (read.kind === "other") return rejected("found", "unsupported", "the referrer is no sigstore bundle");
  if (read.kind === "wrong-subject") {
    const detail = `its manifest refers to ${read.subject ?? "nothing"}, not to ${target.digest}`;
    return rejected("found", "wrong-subject", detail);
  }
  if (!isReadable(read.layer)) return tooLarge(read.layer);
  if (document === undefined) return rejected("fetched", "missing-document", "the evidence holds no bundle");
  return judgeCarrier(document, "bundle", target, prover);
}

/** Nothing of the statement is believed before its signature is proved. */
function judgeCarrier(document: Document, form: Form, target: Target, prover: Prover): Judged {
  const carried = readCarrier(document, form);
  // A bundle that signs a file is an image signature if anything, and judged as one.
  if (carried === undefined) return undefined;
  const proof = proveAny(carried.made, prover);
  if (proof.kind !== "proved") return proof;
  if (carried.payloadType !== IN_TOTO_PAYLOAD) {
    const detail = `the signature is good, but over ${quoted(carried.payloadType)}, not a statement`;
    return rejected("predicate", "wrong-predicate", detail, proof.signer);
  }
  const judged = judgeStatement(
    { bytes: carried.payload, text: carried.text([], 0) },
    target,
    prover.rules,
    proof.signer,
  );
  return judged?.kind === "stands" ? { ...verifiedBy(proof), statement: judged.statement } : judged;
}

/** Of an envelope's signatures one suffices; of those that do not count the one that came furthest is told. */
function proveAny(made: readonly MadeSignature[], prover: Prover): Proof | Refusal {
  let furthest: Refusal | undefined;
  for (const each of made) {
    const proof = proveOne(each, prover);
    if (proof.kind === "proved") return proof;
    if (furthest === undefined || STEPS.indexOf(proof.step) > STEPS.indexOf(furthest.step)) furthest = proof;
  }
  return furthest ?? rejected("signature", "no-signature", "the envelope holds no signature");
}

function proveOne(made: MadeSignature, prover: Prover): Proof | Refusal {
  const proof = prover.prove(made);
  const isChecked = made.message instanceof Uint8Array || made.signature.length !== ED25519_SIGNATURE_BYTES;
  if (isChecked || proof.kind !== "rejected" || proof.step !== "signature") return proof;
  const detail = `an Ed25519 signature over ${made.message.size} bytes is not checked, since at most ${MAX_HELD_BYTES} are held for one attestation and ${MAX_KEPT_TOTAL} for all of an image: sign large attestations with ECDSA or RSA`;
  return rejected("signature", "unsupported", detail);
}
