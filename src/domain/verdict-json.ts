import type { Digest } from "./digest.ts";
import type { RejectionReason, Signer, Step } from "./facts.ts";
import type { Gap } from "./gap.ts";
import type { Instant } from "./instant.ts";
import type { Enforcement } from "./policy.ts";
import type {
  Cite,
  Decision,
  Finding,
  FindingReason,
  Outcome,
  PlatformVerdict,
  SignatureTried,
  Verdict,
} from "./verdict.ts";

export type FindingJson = {
  readonly policy: string;
  readonly rule: string;
  readonly authority?: string;
  readonly outcome: Outcome;
  readonly reason?: FindingReason;
  readonly enforcement: Enforcement;
  readonly message: string;
  readonly cites: readonly Cite[];
};

export type SignatureJson = {
  readonly role: SignatureTried["role"];
  readonly scheme: string;
  readonly authority: string;
  readonly status: SignatureTried["status"];
  readonly reason?: RejectionReason;
  /** How far it came, and what was wrong there. */
  readonly step?: Step;
  readonly detail?: string;
  readonly signer?: Signer;
  readonly signers: readonly Signer[];
  readonly notes: readonly string[];
  readonly source: string;
  readonly via: string;
  /** The manifest or index it was found for, and the signature's own manifest. */
  readonly about: Digest;
  readonly artifact: Digest;
};

/** A verdict as every edge shows it; members without a value are left out. */
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
    ...given({ validFrom: verdict.validFrom, validUntil: verdict.validUntil }),
  };
}

function findingJson(finding: Finding): FindingJson {
  const { policy, rule, outcome, enforcement, message, cites } = finding;
  const { authority, reason } = finding;
  return { policy, rule, ...given({ authority }), outcome, ...given({ reason }), enforcement, message, cites };
}

function signatureJson(tried: SignatureTried): SignatureJson {
  const { role, scheme, authority, status, signers, notes, source, via, about, artifact } = tried;
  const { reason, step, detail, signer } = tried;
  const failed = given({ reason, step, detail, signer });
  return { role, scheme, authority, status, ...failed, signers, notes, source, via, about, artifact };
}

/** The members that have a value. */
function given<T extends object>(members: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined)) as ReturnType<
    typeof given<T>
  >;
}

function platformJson({ platform, digest, user, composition, base }: PlatformVerdict): PlatformVerdict {
  return { platform, digest, user, composition, base };
}
