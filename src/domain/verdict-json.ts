import type { Digest } from "./digest.ts";
import type { RejectionReason, Signer } from "./facts.ts";
import type { Gap } from "./gap.ts";
import type { Instant } from "./instant.ts";
import type { Enforcement } from "./policy.ts";
import type { Cite, Decision, Finding, Outcome, PlatformVerdict, SignatureTried, Verdict } from "./verdict.ts";

export type FindingJson = {
  readonly policy: string;
  readonly rule: string;
  readonly outcome: Outcome;
  readonly enforcement: Enforcement;
  readonly message: string;
  readonly cites: readonly Cite[];
};

export type SignatureJson = {
  readonly scheme: string;
  readonly authority: string;
  readonly status: "verified" | "rejected";
  readonly reason?: RejectionReason;
  readonly signer?: Signer;
  readonly source: string;
};

/** A verdict as every edge shows it: exactly these members, those without a value left out. */
export type VerdictJson = {
  readonly id: Digest;
  readonly image: string;
  readonly digest: Digest;
  readonly decision: Decision;
  readonly findings: readonly FindingJson[];
  readonly signatures: readonly SignatureJson[];
  readonly platforms: readonly PlatformVerdict[];
  readonly gaps: readonly Gap[];
  readonly unsafe: readonly string[];
  readonly policies: readonly string[];
  readonly resolvedAt: Instant;
  readonly decidedAt: Instant;
  readonly validFrom?: Instant;
  readonly validUntil?: Instant;
};

/** Renders a verdict for people and machines outside; each edge prints this and nothing of its own. */
export function verdictJson(verdict: Verdict): VerdictJson {
  return {
    id: verdict.id,
    image: verdict.image,
    digest: verdict.digest,
    decision: verdict.decision,
    findings: verdict.findings.map(findingJson),
    signatures: verdict.signatures.map(signatureJson),
    platforms: verdict.platforms.map(platformJson),
    gaps: verdict.gaps.map(({ code, what, detail }) => ({ code, what, detail })),
    unsafe: verdict.unsafe,
    policies: verdict.policies,
    resolvedAt: verdict.resolvedAt,
    decidedAt: verdict.decidedAt,
    ...(verdict.validFrom === undefined ? {} : { validFrom: verdict.validFrom }),
    ...(verdict.validUntil === undefined ? {} : { validUntil: verdict.validUntil }),
  };
}

function findingJson(finding: Finding): FindingJson {
  const { policy, rule, outcome, enforcement, message, cites } = finding;
  return { policy, rule, outcome, enforcement, message, cites };
}

function signatureJson(tried: SignatureTried): SignatureJson {
  return {
    scheme: tried.scheme,
    authority: tried.authority,
    status: tried.status,
    ...(tried.reason === undefined ? {} : { reason: tried.reason }),
    ...(tried.signer === undefined ? {} : { signer: tried.signer }),
    source: tried.source,
  };
}

function platformJson({ platform, digest, user, composition, base }: PlatformVerdict): PlatformVerdict {
  return { platform, digest, user, composition, base };
}
