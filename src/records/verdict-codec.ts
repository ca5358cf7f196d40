import type { SchemeId, SourceKey } from "../domain/evidence.ts";
import type { Digest } from "../domain/digest.ts";
import { REJECTION_REASONS, STEPS, type RejectionReason, type Signer } from "../domain/facts.ts";
import {
  FINDING_REASONS,
  type Cite,
  type Finding,
  type PlatformVerdict,
  type SignatureTried,
  type Verdict,
} from "../domain/verdict.ts";
import { digest, gap, instant, named } from "./basic-codecs.ts";
import { list, oneOf, optional, struct, tagged, text, type Codec } from "./codec.ts";

export const rejectionReason: Codec<RejectionReason> = oneOf(...REJECTION_REASONS);

export const signer: Codec<Signer> = tagged<Signer>({
  key: struct({ spki: digest }),
  identity: struct<{ readonly issuer: string; readonly subject: string; readonly spki?: Digest | undefined }>({
    issuer: text,
    subject: text,
    spki: optional(digest),
  }),
  x509: struct({ trustStore: text, dn: text, spki: optional(digest) }),
  pgp: struct({ fingerprint: text, spki: optional(digest) }),
});

const cite: Codec<Cite> = tagged<Cite>({
  signature: struct({ digest, authority: text }),
  attestation: struct({ digest, authority: text }),
  layer: struct({ digest, path: text }),
  config: struct({ digest }),
  source: struct({ source: text, digest }),
});

const finding: Codec<Finding> = struct({
  policy: text,
  rule: text,
  authority: optional(text),
  outcome: oneOf("satisfied", "violated", "undetermined"),
  reason: optional(oneOf(...FINDING_REASONS)),
  enforcement: oneOf("deny", "warn", "audit"),
  message: text,
  cites: list(cite),
});

const signatureTried: Codec<SignatureTried> = struct({
  role: oneOf("signature", "attestation"),
  scheme: named<SchemeId>(),
  authority: text,
  status: oneOf("verified", "rejected", "undetermined"),
  reason: optional(rejectionReason),
  step: optional(oneOf(...STEPS)),
  detail: optional(text),
  signer: optional(signer),
  signers: list(signer),
  notes: list(text),
  source: named<SourceKey>(),
  via: text,
  about: digest,
  artifact: digest,
});

const platformVerdict: Codec<PlatformVerdict> = struct({
  platform: text,
  digest,
  user: text,
  composition: text,
  base: text,
});

export const verdict: Codec<Verdict> = struct({
  id: digest,
  image: text,
  digest,
  decision: oneOf("allow", "warn", "deny"),
  findings: list(finding),
  signatures: list(signatureTried),
  platforms: list(platformVerdict),
  gaps: list(gap),
  unsafe: list(text),
  policies: list(text),
  resolvedAt: instant,
  decidedAt: instant,
  validFrom: optional(instant),
  validUntil: optional(instant),
});
