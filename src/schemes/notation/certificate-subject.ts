import { hash } from "node:crypto";

import type { Certificate } from "../../crypto/certificate.ts";
import { nameOfCertificate } from "../../crypto/certificate-name.ts";
import { formatDistinguishedName } from "../../domain/distinguished-name.ts";
import { quoted } from "../../domain/quoted.ts";
import type { SubjectAttributes } from "../../domain/x509-identity.ts";

/** The subject for a message. Throws `InputError` for broken DER. */
export function subjectOf({ subject }: Certificate): string {
  return quoted(formatDistinguishedName(nameOfCertificate(subject)), 160);
}

/** sha256 of the certificate, in hex. */
export function thumbprintOf({ der }: Certificate): string {
  return hash("sha256", der, "hex");
}

/**
 * The attributes by which a subject is matched, or why it cannot be: an attribute that is there twice would leave open which
 * one was meant. Throws `InputError` for broken DER.
 */
export function matchableSubject({ subject }: Certificate): SubjectAttributes | { readonly problem: string } {
  const attributes = new Map<string, string>();
  for (const part of nameOfCertificate(subject)) {
    if (part.length !== 1) return { problem: "has a part of several attributes in its subject" };
    for (const { type, value } of part) {
      if (attributes.has(type)) return { problem: `has ${type} twice in its subject` };
      attributes.set(type, value);
    }
  }
  return attributes;
}
