import type { Certificate } from "../../crypto/certificate.ts";
import { checkTimestampToken, type TimestampAuthority } from "../../crypto/timestamp.ts";
import type { RejectionReason } from "../../domain/facts.ts";
import { plus, type Instant } from "../../domain/instant.ts";
import { chainProblem } from "./certificate-rules.ts";
import { subjectOf } from "./certificate-subject.ts";
import type { ProvedEnvelope } from "./proved-envelope.ts";

export type Countersignature =
  | { readonly kind: "proved"; readonly at: Instant; readonly chain: readonly Certificate[] }
  | { readonly kind: "failed"; readonly reason: RejectionReason; readonly detail: string };

/**
 * Whether a timestamp authority states that the signature existed while every certificate of its chain was valid, the time's
 * inaccuracy counted in (trust-store-trust-policy specification, "Steps", Validate Authentic Timestamp). Whether the
 * authority's own certificates are revoked is still to be asked. Throws `InputError` for broken DER.
 */
export function checkCountersignature(
  { timestamp, signature, chain }: ProvedEnvelope,
  authorities: readonly TimestampAuthority[],
): Countersignature {
  if (timestamp === undefined) {
    return { kind: "failed", reason: "timestamp-missing", detail: "no RFC 3161 timestamp comes with the signature" };
  }
  const check = checkTimestampToken(timestamp, signature, authorities);
  if (check.kind !== "proved") {
    return invalid(check.kind === "unknown" ? `it is of an authority in no tsa store (${check.detail})` : check.detail);
  }
  const problem = chainProblem(check.path, "timestamping");
  if (problem !== undefined) return invalid(problem);
  const { at, accuracy } = check;
  const outside = chain.find(
    ({ notBefore, notAfter }) => plus(at, -accuracy) < notBefore || plus(at, accuracy) > notAfter,
  );
  if (outside === undefined) return { kind: "proved", at, chain: check.path };
  return { kind: "failed", reason: "certificate-expired", detail: outsideValidity(outside, `timestamp ${at}`) };
}

function invalid(detail: string): Countersignature {
  return { kind: "failed", reason: "timestamp-invalid", detail: `its RFC 3161 timestamp does not hold: ${detail}` };
}

export function outsideValidity(certificate: Certificate, when: string): string {
  const { notBefore, notAfter } = certificate;
  return `its ${when} is outside the validity of the certificate of ${subjectOf(certificate)}, ${notBefore} to ${notAfter}`;
}
