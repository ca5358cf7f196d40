import type { Digest } from "../../domain/digest.ts";
import type { SignatureEvidence } from "../../domain/evidence.ts";
import type { Document } from "../../domain/subject.ts";
import { rejected, type Rejection } from "../opinion.ts";
import { readSignatureManifest } from "./signature-manifest.ts";

/** The documents of one signature by what they are. */
export type EvidenceParts = {
  readonly kind: "parts";
  readonly envelope: Document;
  readonly thumbprints: readonly string[];
  /** The manifest that is to be vouched for. */
  readonly target: Document;
  /** Answers about revocation, and nothing else. */
  readonly answers: readonly Document[];
};

/** Steps `found` and `fetched`: every document is known by the digest that another names. Throws `InputError`. */
export function partsOf(evidence: SignatureEvidence, about: Digest): EvidenceParts | Rejection {
  if (evidence.missing !== undefined) {
    const detail = `the registry does not have ${evidence.missing}, which the signature needs`;
    return rejected("fetched", "missing-document", detail);
  }
  const [document, ...others] = evidence.documents;
  if (document === undefined) return rejected("found", "malformed", "the evidence holds no document");
  const manifest = readSignatureManifest(document, about);
  switch (manifest.kind) {
    case "other":
      return rejected("found", "unsupported", "the referrer is no Notary Project signature");
    case "wrong-subject":
      return rejected(
        "found",
        "wrong-subject",
        `its manifest refers to ${manifest.subject ?? "nothing"}, not to ${about}`,
      );
    case "too-large":
      return rejected("found", "unsupported", `its envelope has ${manifest.layer.size} bytes, more than any signature`);
    case "signature": {
      const { layer, thumbprints } = manifest;
      const envelope = others.find(({ descriptor }) => descriptor.digest === layer.digest);
      const target = others.find(({ descriptor }) => descriptor.digest === about);
      if (envelope === undefined || target === undefined) {
        return rejected(
          "fetched",
          "missing-document",
          "the evidence does not hold the envelope and the image's manifest",
        );
      }
      const answers = others.filter((each) => each !== envelope && each !== target);
      return { kind: "parts", envelope, thumbprints, target, answers };
    }
  }
}
