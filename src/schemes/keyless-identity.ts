import type { Certificate } from "../crypto/certificate.ts";
import { fulcioExtension } from "../crypto/fulcio-certificate.ts";
import type { Signer } from "../domain/facts.ts";
import { quoted } from "../domain/quoted.ts";
import { identityIn, nameOfIdentity, subjectOf, type CertificateIdentity } from "./certificate-identity.ts";
import type { CompiledIdentity, KeylessAuthority } from "./keyless-authority.ts";
import { rejected, type Rejection } from "./opinion.ts";

export type NamedSigner = { readonly kind: "named"; readonly signer: Signer };

/** Step `identity` of a certificate that is known to be of the root. Throws `InputError` for names that cannot be read. */
export function judgeSigner(
  leaf: Certificate,
  root: Certificate,
  authority: KeylessAuthority,
): NamedSigner | Rejection {
  const identity = identityIn(leaf);
  const name = nameOfIdentity(identity);
  const issuer = identity.issuer ?? issuerOfRoot(root);
  const named = { kind: "identity", issuer, subject: subjectOf(identity) } as const;
  // Fulcio's certificates are for keys that are used once.
  const signer: Signer = authority.ownPki ? { ...named, spki: leaf.key.spki } : named;
  // Fulcio writes one name and always who vouched for it.
  if (!authority.ownPki && (identity.names.length !== 1 || identity.issuer === undefined)) {
    return rejected("identity", "wrong-signer", `signed by ${name}: not one name that somebody vouched for`, signer);
  }
  if (!authority.identities.some((each) => isMeant(each, identity))) {
    return rejected("identity", "wrong-signer", `signed by ${name}, which this authority does not name`, signer);
  }
  const wrong = authority.extensions.find(([extension, value]) => fulcioExtension(leaf, extension) !== value);
  if (wrong === undefined) return { kind: "named", signer };
  const [extension, value] = wrong;
  const said = fulcioExtension(leaf, extension);
  const found = said === undefined ? "nothing" : quoted(said, 200);
  const detail = `signed by ${name}, but its certificate says ${found} for ${extension}, not ${quoted(value, 200)}`;
  return rejected("identity", "extension-mismatch", detail, signer);
}

/** Both by one identity: an issuer vouches for its own subjects only. */
function isMeant({ issuer, subject }: CompiledIdentity, identity: CertificateIdentity): boolean {
  if (issuer !== undefined && (identity.issuer === undefined || !issuer(identity.issuer))) return false;
  return identity.names.some(subject);
}

/** Certificates of one's own PKI need not say who vouched for the name: then its root did. */
function issuerOfRoot(root: Certificate): string {
  return `x509-root:${root.key.spki}`;
}
