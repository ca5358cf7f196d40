import type { Certificate } from "../../crypto/certificate.ts";
import type { Gap } from "../../domain/gap.ts";
import type { Instant } from "../../domain/instant.ts";
import type { Document } from "../../domain/subject.ts";
import type { Sources } from "../scheme.ts";

/** What was learnt of certificates' revocation: answers as fetched, and what could not be had. */
export type RevocationEvidence = { readonly documents: readonly Document[]; readonly gaps: readonly Gap[] };

export type RevocationOptions = {
  readonly purpose: "code-signing" | "timestamping";
  /** When the signature was made, where that is proved: a certificate revoked only later still counts then. */
  readonly signedAt: Instant | undefined;
};

export type RevocationStatus =
  /** `until`: when the answers must be asked for again; `notes`: what a reader should know of them. */
  | { readonly kind: "good"; readonly until: Instant | undefined; readonly notes: readonly string[] }
  | { readonly kind: "revoked"; readonly detail: string }
  | { readonly kind: "unknown"; readonly gap: Gap };

/** Whether certificates of a chain, which ends in a configured store, are revoked: the looking, and the judging without a clock. */
export type Revocation = {
  readonly collect: (
    chain: readonly Certificate[],
    sources: Sources,
    signal: AbortSignal,
  ) => Promise<RevocationEvidence>;
  readonly judge: (
    chain: readonly Certificate[],
    documents: readonly Document[],
    gaps: readonly Gap[],
    options: RevocationOptions,
  ) => RevocationStatus;
};
