import type { AttestationFact, Signer } from "../domain/facts.ts";
import type { Gap } from "../domain/gap.ts";
import { earliest, plus, type Instant } from "../domain/instant.ts";
import type { AttestationQuery } from "../domain/policy.ts";
import { isPredicateType } from "../domain/predicate-type.ts";
import type { AuthorityName } from "../domain/trust.ts";
import type { FindingReason } from "../domain/verdict.ts";
import { CLOCK_SKEW_MS } from "./age-limit.ts";
import type { Case } from "./rules/rule.ts";
import { judgeStatement } from "./statement-condition.ts";
import type { Target } from "./vouched-target.ts";
import { attestationBallotOf, signersOf, type Ballot, type Vote } from "./votes.ts";

/** How one attestation answers what is asked of it. */
export type Answer =
  | { readonly kind: "holds" }
  | { readonly kind: "fails"; readonly reason: FindingReason; readonly why: string }
  /** Its statement is not at hand; the gap is why, where there is one. */
  | { readonly kind: "unknown"; readonly gap: Gap | undefined };

export type Verified = Extract<AttestationFact["opinion"], { readonly kind: "verified" }>;

export type Candidate = {
  readonly vote: Vote<AttestationFact>;
  readonly opinion: Verified;
  /** When it was certainly there already, by a log or a timestamp authority. */
  readonly time: Instant | undefined;
};

export type Answered = Candidate & { readonly answer: Answer };

/** What one authority's attestations say to a query about one target. */
export type Poll = {
  readonly name: AuthorityName;
  readonly ballot: Ballot<AttestationFact>;
  /** The attestations on which its word rests, as `select` has it. */
  readonly chosen: readonly Answered[];
  /** Who certainly stands for what is asked. */
  readonly signers: readonly Signer[];
  /** Whether something that was not seen could make it stand for what is asked. */
  readonly open: boolean;
};

/**
 * Asks one authority. With `any`, what was not seen can only help. With `latest` and `all` it can also be against: nobody
 * stands for what is asked until every place was seen, and one that fails among `all` fails whatever else is there.
 */
export function pollOf(name: AuthorityName, query: AttestationQuery, target: Target, of: Case): Poll {
  const ballot = attestationBallotOf(name, target.digests, of);
  const candidates = ballot.votes.flatMap((vote) => candidateOf(vote, query));
  const { chosen, final } = choose(candidates, query);
  const answered = chosen.map((candidate) => ({ ...candidate, answer: answerOf(candidate, query, of) }));
  const standing = ballot.relied ? standFor(answered, { query, ballot, final }) : { signers: [], open: false };
  return { name, ballot, chosen: answered, ...standing };
}

function candidateOf(vote: Vote<AttestationFact>, { predicateType }: AttestationQuery): readonly Candidate[] {
  const { opinion } = vote.fact;
  if (vote.standing !== "counts" || opinion.kind !== "verified") return [];
  if (!isPredicateType(predicateType, opinion.statement.predicateType)) return [];
  return [{ vote, opinion, time: verifiedTime(opinion) }];
}

/**
 * The earliest of the proved times: a time proves that the attestation was there, not that it was made then, and whoever
 * has an old one can have it logged or timestamped once more.
 */
function verifiedTime({ signedAt }: Verified): Instant | undefined {
  return earliest(...signedAt);
}

type Choice = {
  readonly chosen: readonly Candidate[];
  /** Whether more attestations could not leave any of the chosen out. */
  readonly final: boolean;
};

function choose(candidates: readonly Candidate[], { select }: AttestationQuery): Choice {
  if (select !== "latest" || candidates.some(({ time }) => time === undefined))
    return { chosen: candidates, final: true };
  const last = candidates.reduce((last, { time = last }) => (time > last ? time : last), "");
  return { chosen: candidates.filter(({ time }) => time === last), final: false };
}

type Standing = Pick<Poll, "signers" | "open">;
type Grounds = { readonly query: AttestationQuery; readonly ballot: Ballot<AttestationFact>; readonly final: boolean };

function standFor(chosen: readonly Answered[], { query, ballot, final }: Grounds): Standing {
  const unseen = ballot.holes.length > 0;
  const unknown = chosen.some(({ answer }) => answer.kind === "unknown");
  const fails = chosen.some(({ answer }) => answer.kind === "fails");
  if (query.select === "any") {
    const holding = chosen.filter(({ answer }) => answer.kind === "holds");
    return { signers: holding.flatMap(({ vote }) => signersOf(vote)), open: unseen || unknown };
  }
  const certain = !unseen && !unknown && !fails;
  return {
    signers: certain ? chosen.flatMap(({ vote }) => signersOf(vote)) : [],
    open: (unseen && !(fails && final)) || (unknown && !fails),
  };
}

function answerOf(candidate: Candidate, query: AttestationQuery, of: Case): Answer {
  const age = query.notOlderThanMs === undefined ? HOLDS : fresh(candidate, query.notOlderThanMs, of);
  return age.kind === "holds" ? judgeStatement(query, candidate.opinion.statement.digest, of) : age;
}

const HOLDS: Answer = { kind: "holds" };

function fresh({ time }: Candidate, notOlderThanMs: number, of: Case): Answer {
  if (time === undefined) {
    const why = "has no time that a log or a timestamp authority proves, so its age is unknown";
    return { kind: "fails", reason: "no-date", why };
  }
  if (!of.time.reached(plus(time, -CLOCK_SKEW_MS))) {
    return { kind: "fails", reason: "no-date", why: `was logged or timestamped at ${time}, which is in the future` };
  }
  if (!of.time.reached(plus(time, notOlderThanMs))) return HOLDS;
  return { kind: "fails", reason: "too-old", why: `is of ${time}` };
}
