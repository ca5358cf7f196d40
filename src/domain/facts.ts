import type { Digest } from "./digest.ts";
import type { AttackSurface } from "./attack-surface.ts";
import type { BaseFact } from "./base-image.ts";
import type { SchemeId, SourceKey } from "./evidence.ts";
import type { Gap, Known } from "./gap.ts";
import type { Instant } from "./instant.ts";
import type { LintFacts } from "./lint.ts";
import type { Platform } from "./platform.ts";
import type { Absentee, CompositionClass } from "./policy.ts";
import type { Repository } from "./reference.ts";
import type { Sighting } from "./sighting.ts";
import type { AuthorityName } from "./trust.ts";

/** Who made a signature. Two signatures by one signer count once, in whatever format they come. */
export type Signer =
  | { readonly kind: "key"; readonly spki: Digest }
  /** `spki` is the key of a certificate that is not short-lived, by which its holder signs elsewhere too. */
  | { readonly kind: "identity"; readonly issuer: string; readonly subject: string; readonly spki?: Digest | undefined }
  | { readonly kind: "x509"; readonly trustStore: string; readonly dn: string; readonly spki: Digest | undefined }
  /** The fingerprint of the primary key; `spki` is the signing key itself, where it can be written so. */
  | { readonly kind: "pgp"; readonly fingerprint: string; readonly spki: Digest | undefined };

/** How far a signature came, in the order in which every scheme checks. */
export const STEPS = [
  "found",
  "fetched",
  "parsed",
  "signature",
  "chain",
  "log",
  "timestamp",
  "identity",
  "subject",
  "predicate",
  "threshold",
] as const;
export type Step = (typeof STEPS)[number];

/** Why an artefact does not count for an authority. Each has a test that breaks just that in an otherwise valid image. */
export const REJECTION_REASONS = [
  "missing-document",
  "malformed",
  "unsupported",
  "no-signature",
  "bad-signature",
  "unknown-key",
  "no-certificate",
  "certificate-unfit",
  "certificate-untrusted",
  "certificate-expired",
  "sct-missing",
  "sct-invalid",
  "key-revoked",
  "key-unfit",
  "log-missing",
  "log-untrusted",
  "log-invalid",
  "log-mismatch",
  "timestamp-missing",
  "timestamp-invalid",
  "no-verified-time",
  "wrong-signer",
  "extension-mismatch",
  "annotation-mismatch",
  "wrong-identity",
  "wrong-subject",
  "wrong-predicate",
  "root-untrusted",
  "root-changed",
  "metadata-rollback",
  "metadata-mismatch",
  "missing-role",
  "conflicting-digests",
  "no-trust-policy",
  "verification-skipped",
  "certificate-revoked",
] as const;
export type RejectionReason = (typeof REJECTION_REASONS)[number];

/** What a scheme says of one artefact under one authority. It cannot say who it is: `examine` stamps that on. */
export type Opinion =
  | {
      readonly kind: "verified";
      readonly signers: readonly Signer[];
      /** The instants between which the signature counts; open where nothing limits it. */
      readonly notBefore: Instant | undefined;
      readonly notAfter: Instant | undefined;
      /** Times proved by a log or a timestamp authority. */
      readonly signedAt: readonly Instant[];
      /** What a reader should know besides: under which name it was signed, which checks the operator left out. */
      readonly notes: readonly string[];
    }
  | {
      /** Something that this artefact's signature needs could not be seen; whether it counts cannot be told. */
      readonly kind: "undetermined";
      readonly gap: Gap;
      readonly step: Step;
      readonly signer: Signer | undefined;
    }
  | {
      readonly kind: "rejected";
      readonly reason: RejectionReason;
      /** The last step that was reached, at which it failed. */
      readonly step: Step;
      readonly detail: string;
      /** Who signed, where that much was proved. */
      readonly signer: Signer | undefined;
    };

export type SignatureFact = {
  readonly scheme: SchemeId;
  readonly source: SourceKey;
  readonly via: string;
  readonly authority: AuthorityName;
  readonly about: Digest;
  readonly artifact: Digest;
  readonly evidence: Digest;
  readonly opinion: Opinion;
};

/** A statement somebody made about an image, as far as it is proved. Its text is kept apart, by digest. */
export type StatementFact = {
  /** Of the statement's own bytes. */
  readonly digest: Digest;
  readonly size: number;
  readonly predicateType: string;
};

export type AttestationOpinion =
  | (Extract<Opinion, { readonly kind: "verified" }> & { readonly statement: StatementFact })
  | Exclude<Opinion, { readonly kind: "verified" }>;

/** One attestation under one authority. It never counts as a signature of the image. */
export type AttestationFact = Omit<SignatureFact, "opinion"> & { readonly opinion: AttestationOpinion };

/** How one place was seen: an absence of facts means nothing without it. */
export type SourceFact = {
  readonly about: Digest;
  readonly source: SourceKey;
  readonly state:
    | { readonly kind: "observed"; readonly found: number }
    | { readonly kind: "gap"; readonly gap: Gap }
    | { readonly kind: "not-collected" };
};

/** Who the image starts as when nothing overrides it (reference: inspection, section 3.2). */
export type UserFact = {
  readonly configured: string;
  readonly verdict: "root" | "nonroot" | "nonroot-named" | "unresolvable" | "invalid";
  readonly uid: number | undefined;
  readonly gidDocker: number | undefined;
  readonly gidKubernetes: number | undefined;
  readonly because: string;
  readonly sightings: readonly Sighting[];
};

/** What an image is made of (reference: inspection, section 2.2). */
export type CompositionFact =
  | {
      readonly kind: "classified";
      readonly class: CompositionClass;
      readonly modifiers: readonly string[];
      readonly because: string;
      readonly present: Readonly<Record<Absentee, readonly Sighting[]>>;
      readonly packages: number;
      readonly executables: number;
      readonly surface: AttackSurface;
      readonly sightings: readonly Sighting[];
    }
  | { readonly kind: "uninspectable"; readonly reason: string; readonly detail: string };

export type LayerFactSummary = {
  readonly digest: Digest;
  readonly diffId: Digest | undefined;
  readonly compressedBytes: number;
  readonly uncompressedBytes: number | undefined;
  readonly entries: number | undefined;
  /** Sum of its regular files' sizes. */
  readonly fileBytes: number | undefined;
  /** What it brings or takes away that people ask about, such as `shell: bin/sh` or `12 packages`. */
  readonly notable: readonly string[];
  readonly createdBy: string;
};

export type ConfigFact = {
  readonly platform: Platform;
  readonly user: string;
  readonly entrypoint: readonly string[];
  readonly cmd: readonly string[];
  readonly workingDir: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly created: Instant | undefined;
  /** The latest date in its history. */
  readonly historyCreated: Instant | undefined;
};

export type PlatformFacts = {
  readonly digest: Digest;
  readonly declared: Platform | undefined;
  readonly config: Known<ConfigFact>;
  readonly user: Known<UserFact>;
  readonly composition: Known<CompositionFact>;
  readonly lints: LintFacts;
  readonly base: Known<BaseFact>;
  readonly layers: readonly LayerFactSummary[];
};

/** All that was proved about one subject under one set of trust. Holds instants, never "expired". */
export type ImageFacts = {
  readonly id: Digest;
  readonly repository: Repository;
  readonly digest: Digest;
  readonly shape: "image" | "index" | "artifact";
  /** Indexes through which the digest may be vouched for besides itself. */
  readonly containedIn: readonly Digest[];
  readonly signatures: readonly SignatureFact[];
  readonly attestations: readonly AttestationFact[];
  readonly sources: readonly SourceFact[];
  readonly platforms: readonly PlatformFacts[];
};
