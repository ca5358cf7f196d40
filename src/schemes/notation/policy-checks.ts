import { isSubset } from "../../domain/x509-identity.ts";
import { matchableSubject, subjectOf } from "./certificate-subject.ts";
import { fails, holds, type Checked, type CheckResult } from "./check-result.ts";
import type { ProvedEnvelope } from "./proved-envelope.ts";
import type { Statement, TrustStore } from "./statement.ts";
import { checkTimestamp, type Answers } from "./timestamp-check.ts";

/**
 * What a trust policy's statement asks of a proved envelope, in the order of the steps (trust-store-trust-policy
 * specification, "Steps"). All are made, so that a rejection is never hidden behind something that could not be told.
 */
export function checkPolicy(
  envelope: ProvedEnvelope,
  statement: Statement,
  store: TrustStore | undefined,
  answers: Answers,
): readonly Checked[] {
  return [
    { check: "authenticity", result: checkStore(envelope, statement, store) },
    ...(statement.actions.revocation === "skip"
      ? []
      : [{ check: "revocation", result: checkRevocation(envelope, answers) } as const]),
    { check: "authenticTimestamp", result: checkTimestamp(envelope, statement, answers) },
    { check: "expiry", result: holds({ notAfter: envelope.attributes.expiry }) },
    { check: "authenticity", result: checkIdentity(envelope, statement) },
  ];
}

function checkStore(
  { chain, attributes }: ProvedEnvelope,
  { stores }: Statement,
  store: TrustStore | undefined,
): CheckResult {
  if (store !== undefined) return holds();
  const root = chain.at(-1);
  const asked = attributes.scheme === "notary.x509" ? "ca" : "signingAuthority";
  const named = stores.filter(({ type }) => type === asked).map(({ name }) => `${asked}:${name}`);
  const detail = `its chain ends in ${root === undefined ? "nothing" : subjectOf(root)}, and no certificate of it is in ${
    named.length === 0 ? `a ${asked} store, of which none is named` : named.join(", ")
  }`;
  return fails("chain", "certificate-untrusted", detail);
}

/** Only a signing authority's time is proved before the timestamp is, as in the reference client. */
function checkRevocation({ chain, attributes }: ProvedEnvelope, { documents, gaps, judge }: Answers): CheckResult {
  const signedAt = attributes.scheme === "notary.x509.signingAuthority" ? attributes.signingTime : undefined;
  const status = judge(chain, documents, gaps, { purpose: "code-signing", signedAt });
  switch (status.kind) {
    case "good":
      return holds({ notAfter: status.until, notes: status.notes });
    case "revoked":
      return fails("chain", "certificate-revoked", status.detail);
    case "unknown":
      return { kind: "unknown", step: "chain", gap: status.gap };
  }
}

function checkIdentity({ leaf }: ProvedEnvelope, { identities }: Statement): CheckResult {
  // Anybody stands alone in its list, as the policy was read.
  const [first] = identities;
  if (first?.kind === "any") return holds();
  const subject = matchableSubject(leaf);
  if ("problem" in subject) {
    return fails(
      "identity",
      "wrong-identity",
      `the signer's certificate ${subject.problem}, so no trusted identity matches it`,
    );
  }
  const matched = identities.some((identity) => identity.kind === "subject" && isSubset(identity.attributes, subject));
  if (matched) return holds();
  return fails("identity", "wrong-identity", `signed by ${subjectOf(leaf)}, which is none of the trusted identities`);
}
