import type { AttestationFact, RejectionReason, SignatureFact, Signer } from "../domain/facts.ts";
import { quoted } from "../domain/quoted.ts";

type Fact = SignatureFact | AttestationFact;

/** Rejections that are about who signed, and say nothing against the signature. */
const OF_SIGNERS: readonly RejectionReason[] = [
  "unknown-key",
  "wrong-signer",
  "no-certificate",
  "certificate-untrusted",
];

/**
 * What the other authorities of the set know of an artefact that one of them rejected: that another accepts it, or that it
 * is signed correctly by somebody whom none of them names. Continues a sentence; empty if there is nothing to add.
 */
export function hintOf(rejected: Fact, all: readonly Fact[]): string {
  const same = all.filter(({ evidence }) => evidence === rejected.evidence);
  const accepting = same.filter(({ opinion }) => opinion.kind === "verified").map(({ authority }) => authority);
  if (accepting.length > 0) return ` But ${[...new Set(accepting)].join(", ")} accepts it.`;
  const signers = same.flatMap(signerOfStranger);
  // Whoever rejects it for something else may well know the signer.
  const [signer] = same.every(isAboutSigner) ? signers : [];
  if (signer === undefined) return "";
  // Whoever has a root of their own can write any name below it.
  return same.some(isOfUntrustedRoot)
    ? ` It says it is signed by ${formatSigner(signer)}, below a root that no authority trusts.`
    : ` It is signed correctly, by ${formatSigner(signer)}, whom no authority names.`;
}

function isAboutSigner({ opinion }: Fact): boolean {
  return opinion.kind === "rejected" && OF_SIGNERS.includes(opinion.reason);
}

function isOfUntrustedRoot({ opinion }: Fact): boolean {
  return opinion.kind === "rejected" && opinion.reason === "certificate-untrusted";
}

function signerOfStranger({ opinion }: Fact): readonly Signer[] {
  return opinion.kind === "rejected" && opinion.signer !== undefined ? [opinion.signer] : [];
}

/** `the key sha256:…`, `"https://github.com/…" (issuer "https://…")`: as an authority would have to name it. */
function formatSigner(signer: Signer): string {
  switch (signer.kind) {
    case "key":
      return `the key ${signer.spki}`;
    case "identity":
      return `${quoted(signer.subject)} (issuer ${quoted(signer.issuer)})`;
    case "x509":
      return `the certificate of ${quoted(signer.dn)}`;
    case "pgp":
      return `the OpenPGP key ${signer.fingerprint}`;
  }
}
