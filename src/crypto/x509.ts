import type { Instant } from "../domain/instant.ts";
import { isIssuedBy, isSameCertificate, type Certificate } from "./certificate.ts";

/** What a chain is built from. Intermediates may be anybody's; nothing but a root is believed. */
export type ChainMaterial = {
  readonly intermediates: readonly Certificate[];
  readonly roots: readonly Certificate[];
  /** Who tells whether one certificate issued another, for those who ask often; `isIssuedBy` unless given. */
  readonly issued?: Issued | undefined;
};

/** Whether the second certificate's name and key are those under the first. */
export type Issued = (certificate: Certificate, issuer: Certificate) => boolean;

export type ChainCheck =
  /** From the leaf to the root. */
  | { readonly kind: "trusted"; readonly path: readonly Certificate[] }
  | { readonly kind: "untrusted"; readonly detail: string };

/** As sigstore-go. */
export const MAX_INTERMEDIATES = 10;
/** Signature checks of one search: an honest chain needs one a link, and a pile of strangers' must not cost more. */
const MAX_CHECKS = 32;
const ANY_PURPOSE = "2.5.29.37.0";

type Path = readonly [Certificate, ...(readonly Certificate[])];

/**
 * Whether a path leads from the leaf to a root, on which every certificate, the root too, is valid at `at`, may issue the
 * one below it, and allows `purpose` (an extended key usage) if it names purposes at all (RFC 5280 section 6). What the
 * leaf itself is for is the caller's to ask. Paths are tried shortest first and no certificate twice, so the search ends.
 * Certificates of authorities count for a path length even where they are self-issued. Never throws.
 */
export function verifyChain(leaf: Certificate, material: ChainMaterial, at: Instant, purpose: string): ChainCheck {
  if (material.intermediates.length > MAX_INTERMEDIATES) {
    return { kind: "untrusted", detail: `more than ${MAX_INTERMEDIATES} intermediate certificates come with it` };
  }
  const flaw = flawOf(leaf, at);
  if (flaw !== undefined) return { kind: "untrusted", detail: `the certificate ${flaw}` };
  const root = material.roots.find((each) => isSameCertificate(each, leaf));
  return root === undefined ? searchPath(leaf, material, at, purpose) : { kind: "trusted", path: [leaf] };
}

function searchPath(leaf: Certificate, material: ChainMaterial, at: Instant, purpose: string): ChainCheck {
  const { roots, intermediates, issued = isIssuedBy } = material;
  let why: string | undefined;
  const waiting: Path[] = [[leaf]];
  const left = new Set([...roots, ...intermediates]);
  let checks = 0;
  for (let path = waiting.shift(); path !== undefined; path = waiting.shift()) {
    const top = path.at(-1) ?? leaf;
    for (const issuer of left) {
      if (issuer.subject !== top.issuer) continue;
      checks += 1;
      if (checks > MAX_CHECKS) return { kind: "untrusted", detail: "too many certificates could have issued it" };
      if (!issued(top, issuer)) continue;
      left.delete(issuer);
      const flaw = flawOf(issuer, at) ?? issuingFlaw(issuer, path.length - 1, purpose);
      if (flaw !== undefined) why = flaw;
      else if (roots.includes(issuer)) return { kind: "trusted", path: [...path, issuer] };
      else waiting.push([...path, issuer]);
    }
  }
  const detail = why === undefined ? "no chain leads to a trusted root" : `a certificate above it ${why}`;
  return { kind: "untrusted", detail };
}

function flawOf({ notBefore, notAfter, extensions }: Certificate, at: Instant): string | undefined {
  if (at < notBefore) return `is valid from ${notBefore}, not at ${at}`;
  if (at > notAfter) return `is valid until ${notAfter}, not at ${at}`;
  return extensions.refused === undefined
    ? undefined
    : `demands the extension ${extensions.refused}, which is not known`;
}

/** `below` counts the authorities between the issuer and the leaf. */
function issuingFlaw({ extensions }: Certificate, below: number, purpose: string): string | undefined {
  const { isAuthority, keyUsage, pathLength, purposes } = extensions;
  if (!isAuthority) return "is of no authority (basic constraints)";
  if (keyUsage !== undefined && !keyUsage.certificateSigning) return "may not sign certificates (key usage)";
  if (pathLength !== undefined && below > pathLength) return `allows ${pathLength} authorities below it, not ${below}`;
  if (purposes !== undefined && !purposes.oids.some((oid) => oid === purpose || oid === ANY_PURPOSE)) {
    return "is for other purposes (extended key usage)";
  }
  return undefined;
}
