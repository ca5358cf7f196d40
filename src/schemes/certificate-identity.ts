import type { Certificate } from "../crypto/certificate.ts";
import { subjectNames } from "../crypto/certificate-names.ts";
import { identityProvider } from "../crypto/fulcio-certificate.ts";
import { isSignedBy } from "../crypto/public-key.ts";
import { InputError } from "../domain/errors.ts";
import { MAX_QUOTED_NAME, quoted } from "../domain/quoted.ts";
import type { MadeSignature } from "./made-signature.ts";

/** Whom a certificate is for, and who vouched for that to its authority. Only a verified chain makes it true. */
export type CertificateIdentity = { readonly names: readonly string[]; readonly issuer: string | undefined };

/** Throws `InputError`. */
export function identityIn(certificate: Certificate): CertificateIdentity {
  return { names: subjectNames(certificate), issuer: identityProvider(certificate) };
}

/** One text for all names, so that a certificate of several names is one signer whichever of them is asked for. */
export function subjectOf({ names }: CertificateIdentity): string {
  return names.join(", ");
}

/** `"SUBJECT" (issuer "ISSUER")`, for messages. */
export function nameOfIdentity(identity: CertificateIdentity): string {
  const subject = identity.names.length === 0 ? "nobody" : quoted(subjectOf(identity), MAX_QUOTED_NAME);
  return `${subject} (issuer ${identity.issuer === undefined ? "not named" : quoted(identity.issuer, MAX_QUOTED_NAME)})`;
}

/** The certificate by which a signature was made, if it was; `undefined` also for one that cannot be read. */
export function certificateOfMaker(made: MadeSignature): Certificate | undefined {
  try {
    const leaf = made.certificate?.().leaf;
    return leaf !== undefined && isSignedBy(leaf.key, made.message, made.signature) ? leaf : undefined;
  } catch (error) {
    if (error instanceof InputError) return undefined;
    throw error;
  }
}

/** Whom it names, for a message; certificates may name nobody that can be read. */
export function claimedIdentity(certificate: Certificate): string {
  try {
    return nameOfIdentity(identityIn(certificate));
  } catch (error) {
    if (error instanceof InputError) return "somebody who cannot be read";
    throw error;
  }
}
