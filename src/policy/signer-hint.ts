import type { AttestationFact, RejectionReason, SignatureFact, Signer } from "../domain/facts.ts";
import { MAX_QUOTED_NAME, quoted } from "../domain/quoted.ts";

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
  const by = isTold(signer, rejected) ? "" : formatSigner(signer);
  // Whoever has a root of their own can write any name below it.
  return same.some(isOfUntrustedRoot) ? claimBelowRoot(by) : strangerWhoSigned(by);
}

function claimBelowRoot(by: string): string {
  return by === ""
    ? " That name is a claim, below a root that no authority trusts."
    : ` It says it is signed by ${by}, below a root that no authority trusts.`;
}

function strangerWhoSigned(by: string): string {
  return by === ""
    ? " It is signed correctly, but no authority names this signer."
    : ` It is signed correctly, by ${by}, whom no authority names.`;
}

/** Whether the rejection itself names the signer already. */
function isTold(signer: Signer, { opinion }: Fact): boolean {
  return opinion.kind === "rejected" && opinion.detail.includes(formatSigner(signer));
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
      return `${quoted(signer.subject, MAX_QUOTED_NAME)} (issuer ${quoted(signer.issuer, MAX_QUOTED_NAME)})`;
    case "x509":
      return `the certificate of ${quoted(signer.dn, MAX_QUOTED_NAME)}`;
    case "pgp":
      return `the OpenPGP key ${signer.fingerprint}`;
  }
}
