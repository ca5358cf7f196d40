import type { Certificate } from "../crypto/certificate.ts";
import { isSignedBy } from "../crypto/public-key.ts";
import type { Signer } from "../domain/facts.ts";
import { earliest, latest, type Instant } from "../domain/instant.ts";
import { judgeCertificate, type TrustedCertificate } from "./certificate-trust.ts";
import { claimedIdentity } from "./certificate-identity.ts";
import { nameOfKey, signerOf } from "./key-signature.ts";
import { judgeSigner } from "./keyless-identity.ts";
import type { KeylessAuthority } from "./keyless-authority.ts";
import type { MadeSignature } from "./made-signature.ts";
import { rejected, type Rejection } from "./opinion.ts";
import type { Proof, Refusal } from "./prover.ts";
import { isTimes, witness } from "./witness.ts";

/**
 * A signature by a certificate that leads to the authority's root at every time that a log or a timestamp proves, was
 * published where that is asked for, and is for somebody whom the authority names. What was signed is not judged yet.
 * Throws `InputError` for a certificate that cannot be read.
 */
export function proveKeyless(made: MadeSignature, authority: KeylessAuthority): Proof | Refusal {
  if (made.certificate === undefined) return refuseKey(made);
  const { leaf, chain } = made.certificate();
  if (!isSignedBy(leaf.key, made.message, made.signature)) {
    return rejected("signature", "bad-signature", "the key of its certificate did not make this signature");
  }
  if (authority.unread !== undefined) {
    return { kind: "undetermined", gap: authority.unread, step: "chain", signer: undefined };
  }
  const maker = { key: leaf.key.der, certificate: leaf.der, name: claimedIdentity(leaf), signer: undefined };
  const { logged, stamped } = witness(made, maker, authority);
  const times = [...(isTimes(logged) ? logged : []), ...(isTimes(stamped) ? stamped : [])];
  // Whose certificate it is says more than what it lacks besides, so that is told first.
  const trusted = judgeCertificate({ leaf, chain }, times, authority);
  if (trusted.kind === "rejected") return trusted;
  if (!isTimes(logged)) return logged;
  if (!isTimes(stamped)) return stamped;
  const named = judgeSigner(leaf, trusted.root, authority);
  if (named.kind === "rejected") return named;
  if (times.length === 0 && !authority.ownPki) return timeless(leaf, named.signer);
  return proofOf(named.signer, times, trusted);
}

/** A short-lived certificate is over by the time anybody looks: only a proved time tells that it was not when it signed. */
function timeless(leaf: Certificate, signer: Signer): Rejection {
  const detail = `signed by ${claimedIdentity(leaf)}, but neither a log's promise (SET) nor an RFC 3161 timestamp proves when: nothing shows that the certificate was valid then`;
  return rejected("timestamp", "no-verified-time", detail, signer);
}

/** Where no time is proved, a certificate of one's own PKI counts while it is valid, as any does that is not short-lived. */
function proofOf(signer: Signer, times: readonly Instant[], { path }: TrustedCertificate): Proof {
  if (times.length > 0) {
    return { kind: "proved", signer, times, notBefore: latest(...times), notAfter: undefined, notes: [] };
  }
  return {
    kind: "proved",
    signer,
    times,
    notBefore: latest(...path.map((each) => each.notBefore)),
    notAfter: earliest(...path.map((each) => each.notAfter)),
    notes: ["no time of signing is proved: it counts only while its certificates are valid"],
  };
}

function refuseKey(made: MadeSignature): Rejection {
  const key = made.claimed();
  const held = key !== undefined && isSignedBy(key, made.message, made.signature);
  const by = held ? `signed by ${nameOfKey(key)}` : "signed by a key";
  return rejected(
    "signature",
    "no-certificate",
    `${by}, without a certificate, and this authority trusts identities (keyless)`,
    held ? signerOf(key) : undefined,
  );
}
