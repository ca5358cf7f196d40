import type { Document } from "../../domain/subject.ts";
import { earliest, latest, type Instant } from "../../domain/instant.ts";
import type { Gap } from "../../domain/gap.ts";
import { fails, holds, type CheckResult } from "./check-result.ts";
import { checkCountersignature, outsideValidity } from "./countersignature.ts";
import type { ProvedEnvelope } from "./proved-envelope.ts";
import type { Revocation } from "./revocation-port.ts";
import type { Statement } from "./statement.ts";

/** What a check may ask about revocation: the answers at hand, and how they are read. */
export type Answers = {
  readonly documents: readonly Document[];
  readonly gaps: readonly Gap[];
  readonly judge: Revocation["judge"];
};

/**
 * "Authentic timestamp": whether the signature was made while its certificates were valid. A signing authority's word for the
 * time is proof; a signer's own is not, so without a timestamp the certificates must be valid when it is judged. Throws
 * `InputError` for broken DER.
 */
export function checkTimestamp(envelope: ProvedEnvelope, statement: Statement, answers: Answers): CheckResult {
  if (envelope.attributes.scheme === "notary.x509.signingAuthority") return checkSigningTime(envelope);
  if (statement.timestampAuthorities.length === 0) return holds(validityOf(envelope));
  const stamped = checkStamp(envelope, statement, answers);
  return statement.verifyTimestamp === "always" ? stamped : afterExpiry(envelope, stamped);
}

function checkSigningTime({ chain, attributes: { signingTime } }: ProvedEnvelope): CheckResult {
  const outside = chain.find(({ notBefore, notAfter }) => signingTime < notBefore || signingTime > notAfter);
  if (outside !== undefined) {
    return fails("timestamp", "certificate-expired", outsideValidity(outside, `authentic signing time ${signingTime}`));
  }
  return holds({ notBefore: signingTime, signedAt: [signingTime] });
}

function validityOf({ chain }: ProvedEnvelope): { readonly notBefore?: Instant; readonly notAfter?: Instant } {
  const [notBefore, notAfter] = [
    latest(...chain.map((certificate) => certificate.notBefore)),
    earliest(...chain.map((certificate) => certificate.notAfter)),
  ];
  return { ...(notBefore && { notBefore }), ...(notAfter && { notAfter }) };
}

/** The timestamp with its authority's own revocation, which no policy leaves out where timestamps are verified. */
function checkStamp(envelope: ProvedEnvelope, statement: Statement, { documents, gaps, judge }: Answers): CheckResult {
  const stamp = checkCountersignature(envelope, statement.timestampAuthorities);
  if (stamp.kind === "failed") return fails("timestamp", stamp.reason, stamp.detail);
  const status = judge(stamp.chain, documents, gaps, { purpose: "timestamping", signedAt: undefined });
  switch (status.kind) {
    case "good":
      return holds({ notBefore: stamp.at, notAfter: status.until, signedAt: [stamp.at], notes: status.notes });
    case "revoked":
      return fails("timestamp", "certificate-revoked", `a certificate of its timestamp is revoked: ${status.detail}`);
    case "unknown":
      return { kind: "unknown", step: "timestamp", gap: status.gap };
  }
}

/** Until a certificate expires no timestamp is asked for; from then on a good one is needed. */
function afterExpiry(envelope: ProvedEnvelope, stamped: CheckResult): CheckResult {
  const validity = validityOf(envelope);
  if (stamped.kind === "holds") {
    const { notAfter, signedAt, notes } = stamped.period;
    const until = notAfter === undefined ? undefined : latest(notAfter, validity.notAfter);
    return holds({ ...validity, notAfter: until, signedAt, notes });
  }
  const why = stamped.kind === "fails" ? stamped.detail : `${stamped.gap.code}: ${stamped.gap.what}`;
  const note = `once a certificate has expired, at ${validity.notAfter ?? "its end"}, a timestamp is needed, and now ${why}`;
  return holds({ ...validity, notes: [note] });
}
