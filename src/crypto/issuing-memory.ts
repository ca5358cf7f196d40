import { isIssuedBy, type Certificate } from "./certificate.ts";
import type { Issued } from "./x509.ts";

/**
 * Remembers which of these certificates issued which, for the signatures among the certificates of one trust root are the
 * same at every check. Only these very objects are remembered: a stranger's certificate is checked each time, whatever its
 * name, and times of validity are nobody's memory.
 */
export function rememberIssuing(trusted: Iterable<Certificate>): Issued {
  const known = new Set(trusted);
  const memory = new Map<Certificate, Map<Certificate, boolean>>();
  return (certificate, issuer) => {
    if (!known.has(certificate) || !known.has(issuer)) return isIssuedBy(certificate, issuer);
    const issuers = memory.get(certificate) ?? new Map<Certificate, boolean>();
    memory.set(certificate, issuers);
    const remembered = issuers.get(issuer) ?? isIssuedBy(certificate, issuer);
    issuers.set(issuer, remembered);
    return remembered;
  };
}
