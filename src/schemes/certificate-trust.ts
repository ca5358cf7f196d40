import type { Certificate } from "../crypto/certificate.ts";
import { checkCertificateLog } from "../crypto/certificate-timestamp.ts";
import { verifyChain, type ChainCheck } from "../crypto/x509.ts";
import type { Instant } from "../domain/instant.ts";
import { claimedIdentity } from "./certificate-identity.ts";
import type { CertificateIssuer, KeylessAuthority } from "./keyless-authority.ts";
import type { PresentedCertificate } from "./made-signature.ts";
import { rejected, type Rejection } from "./opinion.ts";

export type TrustedCertificate = {
  readonly kind: "trusted";
  /** From the leaf to the root, at the first time that was asked about. */
  readonly path: readonly Certificate[];
  readonly root: Certificate;
};

const CODE_SIGNING = "1.3.6.1.5.5.7.3.3";

/**
 * Step `chain`: whether the certificate may sign code, leads to the authority's root at each of the times (a back-dated one
 * of several must not suffice), and was published. Without a time it is asked for either end of the certificate's own, which
 * proves nothing but whose it is.
 */
export function judgeCertificate(
  { leaf, chain }: PresentedCertificate,
  times: readonly Instant[],
  authority: KeylessAuthority,
): TrustedCertificate | Rejection {
  const name = claimedIdentity(leaf);
  const unfit = unfitness(leaf, authority);
  if (unfit !== undefined) return rejected("chain", "certificate-unfit", `the certificate for ${name} ${unfit}`);
  const paths =
    times.length > 0 ? times.map((at) => pathAt(leaf, chain, at, authority)) : [pathOf(leaf, chain, authority)];
  const broken = paths.find((path) => path.kind === "untrusted");
  if (broken !== undefined) return untrusted(broken.detail, name, { leaf, chain }, authority);
  const [first] = paths;
  const path = first?.kind === "trusted" ? first.path : [];
  const [, issuer] = path;
  if (issuer === undefined) {
    return rejected("chain", "certificate-untrusted", `the certificate for ${name} was issued by nobody`);
  }
  return unpublished(leaf, issuer, name, authority) ?? { kind: "trusted", path, root: path.at(-1) ?? issuer };
}

/** Fulcio's certificates always say that they are for code; those of one's own PKI must not say otherwise. */
function unfitness({ extensions }: Certificate, { ownPki }: KeylessAuthority): string | undefined {
  const { isAuthority, keyUsage, purposes } = extensions;
  if (isAuthority) return "is one of an authority for certificates, not of a signer";
  if (keyUsage !== undefined && !keyUsage.digitalSignature) return "may not sign (key usage)";
  if (purposes === undefined)
    return ownPki ? undefined : "does not say that it is for signing code (extended key usage)";
  return purposes.oids.includes(CODE_SIGNING) ? undefined : "is not for signing code (extended key usage)";
}

/** What comes with a signature may lead to the roots of one's own PKI; a trust root of Sigstore names its intermediates itself. */
function pathAt(
  leaf: Certificate,
  chain: readonly Certificate[],
  at: Instant,
  { issuers, issued, ownPki }: KeylessAuthority,
): ChainCheck {
  let found: ChainCheck = { kind: "untrusted", detail: "no authority of the trust root may issue at its time" };
  for (const issuer of issuers) {
    if (!mayIssueAt(issuer, at)) continue;
    const intermediates = ownPki ? [...issuer.intermediates, ...chain] : issuer.intermediates;
    const check = verifyChain(leaf, { intermediates, roots: issuer.roots, issued }, at, CODE_SIGNING);
    if (check.kind === "trusted") return check;
    found = check;
  }
  return found;
}

/** At one end of the certificate's time or the other, for what is above it may have been issued later, or end earlier. */
function pathOf(leaf: Certificate, chain: readonly Certificate[], authority: KeylessAuthority): ChainCheck {
  const first = pathAt(leaf, chain, leaf.notBefore, authority);
  return first.kind === "trusted" ? first : pathAt(leaf, chain, leaf.notAfter, authority);
}

function mayIssueAt({ notBefore, notAfter }: CertificateIssuer, at: Instant): boolean {
  return (notBefore === undefined || at >= notBefore) && (notAfter === undefined || at <= notAfter);
}

/** A stranger's certificate and one out of its time are mended differently. */
function untrusted(
  detail: string,
  name: string,
  { leaf, chain }: PresentedCertificate,
  authority: KeylessAuthority,
): Rejection {
  const issuers = authority.issuers.map((issuer) => ({ ...issuer, notBefore: undefined, notAfter: undefined }));
  const ours = pathOf(leaf, chain, { ...authority, issuers }).kind === "trusted";
  return ours
    ? rejected("chain", "certificate-expired", `the certificate for ${name} did not count when it signed: ${detail}`)
    : rejected("chain", "certificate-untrusted", `the certificate for ${name} is not of the trust root: ${detail}`);
}

function unpublished(
  leaf: Certificate,
  issuer: Certificate,
  name: string,
  { certificateLogs }: KeylessAuthority,
): Rejection | undefined {
  if (certificateLogs === undefined) return undefined;
  const check = checkCertificateLog(leaf, issuer, certificateLogs);
  if (check.kind === "proved") return undefined;
  const reason = check.kind === "missing" ? "sct-missing" : "sct-invalid";
  return rejected("chain", reason, `the certificate for ${name} does not count: ${check.detail}`);
}
