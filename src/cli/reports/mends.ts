import type { RejectionReason } from "../../domain/facts.ts";

/** What to do about a signature that does not count. */
const REJECTION_MENDS: Readonly<Record<RejectionReason, string>> = {
  "missing-document": "push the signature again: its registry lost a part of it",
  malformed: "sign again with a current client",
  unsupported: "sign again in a form this authority's scheme supports",
  "no-signature": "sign again: the artefact holds none",
  "bad-signature": "sign again: its bytes or its payload were changed",
  "unknown-key": "sign with the authority's key, or add the signer's public key to the authority after review",
  "no-certificate": "sign with an identity the authority names (keyless), or add an authority of the signer's key",
  "sct-missing": "sign with a certificate that a certificate transparency log has recorded",
  "sct-invalid": "sign again: no certificate transparency log of the trustRoot recorded the certificate",
  "key-revoked": "sign with a key that is in force, and check what else the revoked one has signed",
  "key-unfit": "sign with a key that is for signing and was valid when it signed; its owner can export it anew",
  "log-missing": "sign again with the transparency log on, as cosign does unless told otherwise",
  "log-untrusted": "sign with the log the authority trusts, or name its log in trustRoot",
  "log-invalid": "sign again: the log's proof does not hold",
  "log-mismatch": "sign again: the log recorded something else",
  "timestamp-missing": "sign again with a timestamp authority that trustRoot names",
  "timestamp-invalid": "sign again: the timestamp does not hold, or its authority was not trusted at that time",
  "no-verified-time": "sign again with a transparency log that states times, or a timestamp authority",
  "wrong-signer": "sign as an identity the authority names, or add the signer's issuer and subject after review",
  "extension-mismatch": "sign from the source and workflow that the authority's extensions name",
  "annotation-mismatch": "sign again with the annotations the authority demands",
  "wrong-identity": "sign under the identity the authority names, or change that after review",
  "wrong-subject": "sign this digest: the signature is for another image",
  "root-untrusted": "pin the collection's present root key after review, or have it signed by the pinned one",
  "root-changed": "ask the collection's owner: its root keys were replaced without a rotation",
  "metadata-rollback": "ask the server's operator why it serves older trust data than before",
  "metadata-mismatch": "have the collection published again: its files are not those that were signed",
  "missing-role": "have the role sign the name, or change the authority's delegations after review",
  "conflicting-digests": "have all required roles sign the same image under the name",
  "wrong-predicate": "attest with the predicate type the policy names",
  "no-trust-policy": "add the repository to the registryScopes of a statement, after review",
  "verification-skipped": "give the statement a level that verifies, or do not ask for its signature",
  "certificate-unfit": "sign with a certificate for code signing, and with its whole chain up to the root",
  "certificate-untrusted":
    "sign with a certificate below a root that the authority trusts, or add its root after review",
  "certificate-expired": "sign again while the certificate is valid, with a log entry or a timestamp that proves when",
  "certificate-revoked": "sign again with a certificate that is not revoked",
};

/** A newer server may use a word that is not known here; then there is only its message. */
export function mendOfRejection(reason: string | undefined): string | undefined {
  const mends: Readonly<Record<string, string | undefined>> = REJECTION_MENDS;
  return reason !== undefined && Object.hasOwn(mends, reason) ? mends[reason] : undefined;
}
