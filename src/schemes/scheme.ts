import type { Digest } from "../domain/digest.ts";
import type { SchemeId, SignatureEvidence, SourceKey } from "../domain/evidence.ts";
import type { AttestationOpinion, Opinion } from "../domain/facts.ts";
import type { ImageReference, Repository } from "../domain/reference.ts";
import type { AuthoritySpec } from "../domain/trust.ts";
import type { Clock } from "../ports/clock.ts";
import type { ImageSource } from "../ports/image-source.ts";
import type { NotaryServer } from "../ports/notary-server.ts";
import type { SafeFetch } from "../ports/safe-fetch.ts";
import type { TrustMemory } from "../ports/trust-memory.ts";

/** What a scheme may look for signatures of: one digest in one repository. */
export type Target = { readonly repository: Repository; readonly digest: Digest; readonly requested: ImageReference };

/** The world as a scheme may see it. `images` remembers lists and manifests for the length of one collection. */
export type Sources = {
  readonly images: ImageSource;
  readonly fetch: SafeFetch;
  readonly notary: NotaryServer;
  readonly memory: TrustMemory;
  readonly clock: Clock;
  /** Runs `look` once for all who ask under this key during one collection, such as for every platform of an image. */
  readonly once: <T>(key: string, look: () => Promise<T>) => Promise<T>;
};

/**
 * A place to look. Two authorities with the same key look at the same thing, so the key holds whatever of an authority's
 * settings makes a difference to what is found there.
 */
export type Place = {
  readonly key: SourceKey;
  /** Throws `PortError`, which becomes a gap. Reaching a limit is such an error, never a shorter list. */
  readonly collect: (target: Target, sources: Sources, signal: AbortSignal) => Promise<readonly SignatureEvidence[]>;
};

/**
 * A function of evidence and subject alone, compiled once from an authority's keys and identities. It touches nothing of
 * the world; a promise only where the mathematics is done by a library that gives one. `undefined` for evidence from a place
 * that the authority does not name.
 */
export type Assess = (
  evidence: SignatureEvidence,
  target: Target,
) => Opinion | undefined | Promise<Opinion | undefined>;

/** The same for a statement about the subject; `undefined` for evidence that is no attestation at all. */
export type AssessAttestation = (
  evidence: SignatureEvidence,
  target: Target,
) => AttestationOpinion | undefined | Promise<AttestationOpinion | undefined>;

/**
 * One signature scheme. A place's `collect` fetches bytes and believes nothing; `authority` believes nothing but its keys.
 * Raising `version` re-examines stored evidence.
 */
export type SignatureScheme = {
  readonly id: SchemeId;
  readonly version: number;
  /** All places it knows without an authority's word, for whoever wants to see everything. */
  readonly places: readonly Place[];
  /** The places that must have been looked at before this authority can be answered; none if the scheme does not serve it. */
  readonly placesOf: (authority: AuthoritySpec) => readonly Place[];
  /** `undefined` if the scheme does not serve this kind of authority. Throws `InputError` for keys it cannot read. */
  readonly authority: (authority: AuthoritySpec) => Assess | undefined;
};

/** Everything that knows where to look for evidence and how to judge it. */
export type Schemes = {
  readonly signatures: readonly SignatureScheme[];
  readonly attestations: readonly AttestationScheme[];
};

/** What signatures and attestations have in common: where they are kept. */
export type EvidenceScheme = Omit<SignatureScheme, "authority">;

/** Where statements about images are kept, and how an authority judges them. */
export type AttestationScheme = EvidenceScheme & {
  readonly attestor: (authority: AuthoritySpec) => AssessAttestation | undefined;
};
