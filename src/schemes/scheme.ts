import type { Digest } from "../domain/digest.ts";
import type { SchemeId, SignatureEvidence, SourceKey } from "../domain/evidence.ts";
import type { Opinion } from "../domain/facts.ts";
import type { ImageReference, Repository } from "../domain/reference.ts";
import type { AuthoritySpec } from "../domain/trust.ts";
import type { ImageSource } from "../ports/image-source.ts";
import type { SafeFetch } from "../ports/safe-fetch.ts";

/** What a scheme may look for signatures of: one digest in one repository. */
export type Target = { readonly repository: Repository; readonly digest: Digest; readonly requested: ImageReference };

/** The world as a scheme may see it. `images` remembers a referrers list for the length of one collection. */
export type Sources = { readonly images: ImageSource; readonly fetch: SafeFetch };

/** A pure function of evidence and subject, compiled once from an authority's keys and identities. */
export type Assess = (evidence: SignatureEvidence, target: Target) => Opinion;

/**
 * One signature scheme. `collect` fetches bytes and believes nothing; `authority` believes nothing but its keys.
 * Raising `version` re-examines stored evidence.
 */
export type SignatureScheme = {
  readonly id: SchemeId;
  readonly version: number;
  /** All places it knows without an authority's word, for whoever wants to see everything. */
  readonly places: readonly SourceKey[];
  /** The places that must have been looked at before this authority can be answered; none if the scheme does not serve it. */
  readonly sources: (authority: AuthoritySpec) => readonly SourceKey[];
  /** Throws `PortError`, which becomes a gap. Reaching a limit is such an error, never a shorter list. */
  readonly collect: (
    source: SourceKey,
    target: Target,
    sources: Sources,
    signal: AbortSignal,
  ) => Promise<readonly SignatureEvidence[]>;
  /** `undefined` if the scheme does not serve this kind of authority. Throws `InputError` for keys it cannot read. */
  readonly authority: (authority: AuthoritySpec) => Assess | undefined;
};
