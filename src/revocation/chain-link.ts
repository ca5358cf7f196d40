import { isIssuedBy, type Certificate } from "../crypto/certificate.ts";

/** A certificate and the one that issued it, which alone may say that it is revoked. */
export type ChainLink = { readonly certificate: Certificate; readonly issuer: Certificate };

/** The links of a chain from the leaf to the root; `undefined` if it is none, so that nothing is asked on its word. */
export function linksOf(chain: readonly Certificate[]): readonly ChainLink[] | undefined {
  const links = chain.flatMap((certificate, at) => {
    const issuer = chain[at + 1];
    return issuer === undefined ? [] : [{ certificate, issuer }];
  });
  const isChain = chain.length > 0 && links.every(({ certificate, issuer }) => isIssuedBy(certificate, issuer));
  return isChain ? links : undefined;
}
