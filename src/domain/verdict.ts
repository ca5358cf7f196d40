import type { Digest } from "./digest.ts";
import type { SourceKey, SchemeId } from "./evidence.ts";
import type { RejectionReason, Signer, Step } from "./facts.ts";
import type { Gap } from "./gap.ts";
import type { Instant } from "./instant.ts";
import type { Enforcement } from "./policy.ts";

export type Decision = "allow" | "warn" | "deny";

/** `undetermined` means that something we could not see might change the answer; it is enforced like a violation. */
export type Outcome = "satisfied" | "violated" | "undetermined";

/** What a finding rests on. */
export type Cite =
  | { readonly kind: "signature"; readonly digest: Digest; readonly authority: string }
  | { readonly kind: "attestation"; readonly digest: Digest; readonly authority: string }
  | { readonly kind: "layer"; readonly digest: Digest; readonly path: string }
  | { readonly kind: "config"; readonly digest: Digest }
  | { readonly kind: "source"; readonly source: string; readonly digest: Digest };

/** Why a rule is not satisfied, for machines: stable words, one each. */
export const FINDING_REASONS = [
  "unsigned",
  "wrongly-signed",
  "threshold",
  "not-pinned",
  "root-user",
  "named-user",
  "user-unresolvable",
  "user-invalid",
  "composition",
  "uninspectable",
  "present",
  "unclean",
  "too-old",
  "no-date",
  "static-deny",
  "no-policy",
  "not-runnable",
  "no-platform",
  "not-collected",
  "gap",
  "signature-expired",
  "signature-not-yet-valid",
  "unattested",
  "predicate-mismatch",
  "predicate-error",
  "base-unknown",
  "wrong-base",
  "base-tampered",
  "base-outdated",
  "base-age-unknown",
  "base-unsigned",
] as const;
export type FindingReason = (typeof FINDING_REASONS)[number];

export type Finding = {
  readonly policy: string;
  /** Position and kind in the policy, such as `rules[0].signed`. */
  readonly rule: string;
  /** Set where it is no more than a trial: what this authority, on which the rule may not rely yet, would have decided. */
  readonly authority: string | undefined;
  readonly outcome: Outcome;
  readonly reason: FindingReason | undefined;
  readonly enforcement: Enforcement;
  readonly message: string;
  readonly cites: readonly Cite[];
};

/** One artefact tried under one authority. */
export type SignatureTried = {
  readonly role: "signature" | "attestation";
  readonly scheme: SchemeId;
  readonly authority: string;
  readonly status: "verified" | "rejected" | "undetermined";
  readonly reason: RejectionReason | undefined;
  readonly step: Step | undefined;
  readonly detail: string | undefined;
  readonly signer: Signer | undefined;
  /** Everybody it counts for; a Notary collection may be signed by several. */
  readonly signers: readonly Signer[];
  readonly notes: readonly string[];
  readonly source: SourceKey;
  readonly via: string;
  readonly about: Digest;
  readonly artifact: Digest;
};

export type PlatformVerdict = {
  readonly platform: string;
  readonly digest: Digest;
  readonly user: string;
  readonly composition: string;
  readonly base: string;
};

/** The decision for one image under the policies in force, with everything it rests on. */
export type Verdict = {
  readonly id: Digest;
  /** The canonical reference that was judged. */
  readonly image: string;
  readonly digest: Digest;
  readonly decision: Decision;
  readonly findings: readonly Finding[];
  readonly signatures: readonly SignatureTried[];
  readonly platforms: readonly PlatformVerdict[];
  /** What could not be seen and left a finding undetermined. */
  readonly gaps: readonly Gap[];
  /** Every weakening that touched this verdict, as the operator spelled it. */
  readonly unsafe: readonly string[];
  readonly policies: readonly string[];
  readonly resolvedAt: Instant;
  readonly decidedAt: Instant;
  /** Between these instants time alone changes nothing. */
  readonly validFrom: Instant | undefined;
  readonly validUntil: Instant | undefined;
};

/** A verdict before its content address is computed, which pure code cannot do. */
export type VerdictBody = Omit<Verdict, "id">;
