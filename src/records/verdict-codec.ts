import type { RejectionReason, Signer } from "../domain/facts.ts";
import { STEPS } from "../domain/facts.ts";
import type { SchemeId, SourceKey } from "../domain/evidence.ts";
import type { Cite, Finding, FindingReason, PlatformVerdict, SignatureTried, Verdict } from "../domain/verdict.ts";
import { digest, gap, instant, named } from "./basic-codecs.ts";
import { list, oneOf, optional, struct, tagged, text, type Codec } from "./codec.ts";

/** Every reason by name, so that the compiler asks for one that is added. */
const REJECTIONS: Readonly<Record<RejectionReason, true>> = {
  "missing-document": true,
  malformed: true,
  unsupported: true,
  "no-signature": true,
  "bad-signature": true,
  "unknown-key": true,
  "log-missing": true,
  "log-untrusted": true,
  "log-invalid": true,
  "log-mismatch": true,
  "timestamp-missing": true,
  "timestamp-invalid": true,
  "annotation-mismatch": true,
  "wrong-identity": true,
  "wrong-subject": true,
  "wrong-predicate": true,
};
const FINDINGS: Readonly<Record<FindingReason, true>> = {
  unsigned: true,
  "wrongly-signed": true,
  threshold: true,
  "not-pinned": true,
  "root-user": true,
  "named-user": true,
  "user-unresolvable": true,
  "user-invalid": true,
  composition: true,
  uninspectable: true,
  present: true,
  "too-old": true,
  "no-date": true,
  "static-deny": true,
  "no-policy": true,
  "not-runnable": true,
  "no-platform": true,
  "not-collected": true,
  gap: true,
  "signature-expired": true,
  "signature-not-yet-valid": true,
};

export const rejectionReason: Codec<RejectionReason> = oneOf(...(Object.keys(REJECTIONS) as RejectionReason[]));

export const signer: Codec<Signer> = tagged<Signer>({
  key: struct({ spki: digest }),
  identity: struct({ issuer: text, subject: text }),
  x509: struct({ trustStore: text, dn: text }),
  pgp: struct({ fingerprint: text }),
});

const cite: Codec<Cite> = tagged<Cite>({
  signature: struct({ digest, authority: text }),
  layer: struct({ digest, path: text }),
  config: struct({ digest }),
  source: struct({ source: text, digest }),
});

const finding: Codec<Finding> = struct({
  policy: text,
  rule: text,
  outcome: oneOf("satisfied", "violated", "undetermined"),
  reason: optional(oneOf(...(Object.keys(FINDINGS) as FindingReason[]))),
  enforcement: oneOf("deny", "warn", "audit"),
  message: text,
  cites: list(cite),
});

const signatureTried: Codec<SignatureTried> = struct({
  scheme: named<SchemeId>(),
  authority: text,
  status: oneOf("verified", "rejected"),
  reason: optional(rejectionReason),
  step: optional(oneOf(...STEPS)),
  detail: optional(text),
  signer: optional(signer),
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
