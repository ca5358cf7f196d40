import type { Digest } from "../domain/digest.ts";
import type { SourceKey } from "../domain/evidence.ts";
import type { AttestationFact, SignatureFact, Signer, SourceFact } from "../domain/facts.ts";
import type { Gap } from "../domain/gap.ts";
import type { Enforcement } from "../domain/policy.ts";
import type { AuthorityName, AuthoritySpec } from "../domain/trust.ts";
import type { Case } from "./rules/rule.ts";
import type { Timeline } from "./timeline.ts";

/** How one signature stands at this instant. */
type Standing = "counts" | "expired" | "not-yet-valid" | "undetermined" | "rejected";

/** What an authority can be asked about: signatures of an image, or attestations about it. */
export type Fact = SignatureFact | AttestationFact;

export type Vote<F extends Fact = SignatureFact> = { readonly fact: F; readonly standing: Standing };

/** A place that was not seen, for lack of an answer or of asking. */
export type Hole = { readonly about: Digest; readonly source: string; readonly gap: Gap | undefined };

/** What one authority says of some digests, any of which would do. */
export type Ballot<F extends Fact = SignatureFact> = {
  readonly name: AuthorityName;
  /** Whether this rule may rely on it: its own enforcement is at least the rule's. */
  readonly relied: boolean;
  readonly enforcement: Enforcement | undefined;
  readonly votes: readonly Vote<F>[];
  readonly holes: readonly Hole[];
};

const STRENGTH: Readonly<Record<Enforcement, number>> = { audit: 0, warn: 1, deny: 2 };

/** Whether an authority of one enforcement may carry a rule of another. */
export function isReliedUpon(authority: Enforcement, rule: Enforcement): boolean {
  return STRENGTH[authority] >= STRENGTH[rule];
}

/**
 * Gathers an authority's signatures on the digests, from the places where it looks and no others: what was collected for
 * another authority must not decide for this one, or one more policy could loosen. An authority that the set does not have
 * has no say.
 */
export function ballotOf(name: AuthorityName, digests: readonly Digest[], of: Case): Ballot {
  return gathered({ name, facts: of.facts.signatures, sourcesOf: of.sourcesOf }, digests, of);
}

/** The same for attestations, of whatever predicate type. */
export function attestationBallotOf(
  name: AuthorityName,
  digests: readonly Digest[],
  of: Case,
): Ballot<AttestationFact> {
  return gathered({ name, facts: of.facts.attestations, sourcesOf: of.attestationSourcesOf }, digests, of);
}

type Asked<F extends Fact> = {
  readonly name: AuthorityName;
  readonly facts: readonly F[];
  readonly sourcesOf: (spec: AuthoritySpec) => readonly SourceKey[];
};

function gathered<F extends Fact>(asked: Asked<F>, digests: readonly Digest[], of: Case): Ballot<F> {
  const { name } = asked;
  const authority = of.authorities.get(name);
  const places = authority === undefined ? [] : asked.sourcesOf(authority.spec);
  const facts = asked.facts.filter(
    (fact) => fact.authority === name && digests.includes(fact.about) && places.includes(fact.source),
  );
  return {
    name,
    relied: authority !== undefined && isReliedUpon(authority.enforcement, of.enforcement),
    enforcement: authority?.enforcement,
    votes: facts.map((fact) => ({ fact, standing: standingOf(fact, of.time) })),
    holes:
      authority === undefined
        ? []
        : [...facts.flatMap(holeIn), ...digests.flatMap((digest) => holesOf(places, digest, of.facts.sources))],
  };
}

/** A signature counts from `notBefore` until just before `notAfter`. */
function standingOf({ opinion }: Fact, time: Timeline): Standing {
  if (opinion.kind !== "verified") return opinion.kind;
  if (opinion.notBefore !== undefined && !time.reached(opinion.notBefore)) return "not-yet-valid";
  if (opinion.notAfter !== undefined && time.reached(opinion.notAfter)) return "expired";
  return "counts";
}

/** A signature that may count for all that could be seen. */
function holeIn({ about, source, opinion }: Fact): readonly Hole[] {
  return opinion.kind === "undetermined" ? [{ about, source, gap: opinion.gap }] : [];
}

/** An authority that no scheme looks for anywhere has not been looked for. */
function holesOf(places: readonly SourceKey[], about: Digest, sources: readonly SourceFact[]): readonly Hole[] {
  if (places.length === 0) return [{ about, source: "anywhere", gap: undefined }];
  return places.flatMap((source): readonly Hole[] => {
    const seen = sources.filter((fact) => fact.about === about && fact.source === source);
    return seen.length === 0 ? [{ about, source, gap: undefined }] : seen.flatMap(holeOf);
  });
}

function holeOf({ about, source, state }: SourceFact): readonly Hole[] {
  switch (state.kind) {
    case "observed":
      return [];
    case "gap":
      return [{ about, source, gap: state.gap }];
    case "not-collected":
      return [{ about, source, gap: undefined }];
  }
}

export function countedSigners(ballot: Ballot): readonly Signer[] {
  return ballot.relied ? ballot.votes.flatMap(signersOf) : [];
}

/** Who a signature or attestation counts for; nobody, unless it counts now. */
export function signersOf({ fact, standing }: Vote<Fact>): readonly Signer[] {
  return standing === "counts" && fact.opinion.kind === "verified" ? fact.opinion.signers : [];
}
