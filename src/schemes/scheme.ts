import type { Digest } from "../domain/digest.ts";
import type { SchemeId, SignatureEvidence, SourceKey } from "../domain/evidence.ts";
import type { AttestationOpinion, Opinion, StatementFact } from "../domain/facts.ts";
import type { Known } from "../domain/gap.ts";
import type { JsonValue } from "../domain/json.ts";
import type { StatementNeed } from "../domain/needs.ts";
import type { ImageReference, Repository } from "../domain/reference.ts";
import type { Document } from "../domain/subject.ts";
import type { AuthoritySpec } from "../domain/trust.ts";
import type { Clock } from "../ports/clock.ts";
import type { ImageSource } from "../ports/image-source.ts";
import type { NotaryServer } from "../ports/notary-server.ts";
import type { SafeFetch } from "../ports/safe-fetch.ts";
import type { TrustMemory } from "../ports/trust-memory.ts";

/** What a scheme may look for signatures of: one digest in one repository. */
export type Target = {
  readonly repository: Repository;
  readonly digest: Digest;
  readonly requested: ImageReference;
  /** Indexes that may list attestation manifests for the digest beside it; none unless given. */
  readonly indexes?: readonly Digest[];
};

/** The world as a scheme may see it. `images` remembers lists and manifests for the length of one collection. */
export type Sources = {
  readonly images: ImageSource;
  readonly fetch: SafeFetch;
  readonly notary: NotaryServer;
  readonly memory: TrustMemory;
  readonly clock: Clock;
  /** Runs `look` once for all who ask under this key during one collection, such as for every platform of an image. */
  readonly once: <T>(key: string, look: () => Promise<T>) => Promise<T>;
  /** What is to be kept of statements too large to be kept whole; nothing unless given. */
  readonly statements?: readonly StatementNeed[];
  /** Documents of an earlier look that no registry has, since they were made of what it has. */
  readonly derived?: readonly Document[];
};

/**
 * A place to look. Two authorities with the same key look at the same thing, so the key holds whatever of an authority's
 * settings makes a difference to what is found there.
 */
export type Place = {
  readonly key: SourceKey;
  /** Throws `PortError`, which becomes a gap. Reaching a limit is such an error, never a shorter list. */
  readonly collect: (target: Target, sources: Sources, signal: AbortSignal) => Promise<readonly SignatureEvidence[]>;
  /** Whether evidence that was collected here holds what is needed of statements; it does unless this says otherwise. */
  readonly isAtHand?: (evidence: SignatureEvidence, statements: readonly StatementNeed[]) => boolean;
};

/** An authority that says itself what a name is, in the place of the registry. */
export type SignedDigest = {
  /** Where it looks, which is then not to be answered from an older look. */
  readonly place: SourceKey;
  /** The digest it vouches for under a tag; `undefined` if none is signed or none is believed. Throws `PortError`. */
  readonly digestOf: (reference: TagReference, sources: Sources, signal: AbortSignal) => Promise<Digest | undefined>;
};

export type TagReference = Extract<ImageReference, { readonly kind: "tag" }>;

/**
 * A function of evidence and subject alone, compiled once from an authority's keys and identities. It touches nothing of
 * the world; a promise only where the mathematics is done by a library that gives one. `undefined` for evidence from a place
 * that the authority does not name, and for good evidence that says nothing of the subject, which leaves it unsigned.
 */
export type Assess = (
  evidence: SignatureEvidence,
  target: Target,
) => Opinion | undefined | Promise<Opinion | undefined>;

/**
 * What the authority's signatures say of a manifest or index, for statements that nobody signed by themselves: the one that
 * counts longest, or why that cannot be told; `undefined` if it vouches for nothing.
 */
export type Vouched = (digest: Digest) => Exclude<Opinion, { readonly kind: "rejected" }> | undefined;

/** The same for a statement about the subject; `undefined` for evidence that is no attestation at all. */
export type AssessAttestation = (
  evidence: SignatureEvidence,
  target: Target,
  vouched: Vouched,
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
  /** For authorities whose word for what a tag is counts more than the registry's. */
  readonly signedDigest?: (authority: AuthoritySpec) => SignedDigest | undefined;
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
  /** The text of a statement that was verified in this evidence, or as much of it as these paths lead to. */
  readonly statementIn: (
    evidence: SignatureEvidence,
    statement: StatementFact,
    paths: readonly string[],
  ) => Known<JsonValue>;
};
