import type { Digest } from "../domain/digest.ts";
import { STEPS } from "../domain/facts.ts";
import type { Signatories } from "../domain/policy.ts";
import type { Cite, FindingReason } from "../domain/verdict.ts";
import { violated, type Judgement } from "./judgement.ts";
import type { Case } from "./rules/rule.ts";
import { formatSignatories, membersOf } from "./signatories.ts";
import { hintOf } from "./signer-hint.ts";
import { identitiesOf } from "./signer-identity.ts";
import type { Target } from "./vouched-target.ts";
import { ballotOf, countedSigners, type Ballot, type Fact, type Vote } from "./votes.ts";

/** Says why signatures do not suffice where everything was seen: none, wrong ones, old ones, or too few. */
export function describeShortfall(
  by: Signatories,
  { label, digests }: Target,
  ballots: readonly Ballot[],
  of: Case,
): Judgement {
  const relied = ballots.filter((ballot) => ballot.relied);
  const votes = relied.flatMap((ballot) => ballot.votes);
  const counted = relied.filter((ballot) => countedSigners(ballot).length > 0);
  const furthest = furthestRejection(votes);
  const [reason, message] = shortfall(by, label, { votes, counted, furthest });
  const hint = reason === "wrongly-signed" && furthest !== undefined ? hintOf(furthest.fact, of.facts.signatures) : "";
  const others = hint === "" ? strangers(by, digests, of) : hint;
  return violated(reason, message + others + notRelied(ballots, "signed"), citesOf(votes));
}

/** Authorities that the rule does not ask for, and that accept a signature all the same. */
function strangers(by: Signatories, digests: readonly Digest[], of: Case): string {
  const asked = membersOf(by);
  const ballots = [...of.authorities.keys()]
    .filter((name) => !asked.includes(name))
    .map((name) => ballotOf(name, digests, of));
  const signed = ballots.filter(({ votes }) => votes.some(({ standing }) => standing === "counts"));
  return signed.length === 0
    ? ""
    : ` It is signed by ${signed.map(({ name }) => name).join(", ")}, for which this rule does not ask.`;
}

/** Why, for machines and for people. */
export type Shortfall = readonly [FindingReason, string];

type Seen = {
  readonly votes: readonly Vote[];
  readonly counted: readonly Ballot[];
  readonly furthest: Rejected | undefined;
};

function shortfall(by: Signatories, label: string, { votes, counted, furthest }: Seen): Shortfall {
  const asked = formatSignatories(by);
  if (counted.length > 0) {
    const names = counted.map(({ name }) => name).join(", ");
    return [
      "threshold",
      `${label} is signed by ${names} only, and ${asked} must have signed, each with a key of its own.${sharedSigner(counted)}`,
    ];
  }
  const late = votes.find(({ standing }) => standing === "expired" || standing === "not-yet-valid");
  if (late !== undefined) return outOfTime(late, label, "signature");
  if (furthest !== undefined) return ["wrongly-signed", wrongly(furthest, votes.length, label, asked)];
  return [
    "unsigned",
    `${label} is not signed by ${asked}: no signature was found. Sign it, or deploy a digest that is signed.`,
  ];
}

/** Several names and fewer signers are hard to believe without being told. */
function sharedSigner(counted: readonly Ballot[]): string {
  const signers = counted.flatMap(countedSigners);
  const distinct = new Set(signers.map(identitiesOf(signers))).size;
  return distinct < counted.length
    ? ` They share a key or an identity, which counts once, in whatever format it signed: have another sign.`
    : "";
}

/** What a signature or attestation says that counts no longer, or not yet. */
export function outOfTime({ fact, standing }: Vote<Fact>, label: string, what: string): Shortfall {
  const { opinion, authority } = fact;
  const bound =
    opinion.kind === "verified" ? (standing === "expired" ? opinion.notAfter : opinion.notBefore) : undefined;
  if (standing === "expired" && fact.scheme === "notary-v1") {
    return [
      "signature-expired",
      `The trust data expired: what ${authority} signed of ${label} counted until ${bound ?? "an earlier time"}. Have the collection published again, or mend the server that signs its timestamps.`,
    ];
  }
  if (standing === "expired") {
    return [
      "signature-expired",
      `The ${what} of ${label} by ${authority} counted until ${bound ?? "an earlier time"}. Sign it again.`,
    ];
  }
  return [
    "signature-not-yet-valid",
    `The ${what} of ${label} by ${authority} counts only from ${bound ?? "a later time"} on.`,
  ];
}

type Rejected = { readonly step: number; readonly reason: string; readonly detail: string; readonly fact: Fact };

/** The one that came closest says the most about what to mend. */
export function furthestRejection(votes: readonly Vote<Fact>[]): Rejected | undefined {
  const rejected = votes.flatMap(({ fact }): readonly Rejected[] =>
    fact.opinion.kind === "rejected"
      ? [{ ...fact.opinion, step: STEPS.indexOf(fact.opinion.step), fact }]
      : [{ step: -1, reason: "no-signer", detail: "the signature names nobody", fact }],
  );
  return rejected.sort((a, b) => b.step - a.step)[0];
}

function wrongly(best: Rejected, count: number, label: string, asked: string): string {
  const others = count > 1 ? ` (and ${count - 1} more that do not count)` : "";
  return `${label} is not signed by ${asked}: a signature was found, but for ${best.fact.authority} it fails with ${best.reason}: ${best.detail}${others}.`;
}

/** Names those who did but are only tried as yet. */
export function notRelied(ballots: readonly Ballot<Fact>[], did: string): string {
  const names = ballots.filter(({ relied, votes }) => !relied && votes.some(({ standing }) => standing === "counts"));
  return names
    .map(
      ({ name, enforcement }) =>
        ` ${name} has ${did}, but is not relied upon (enforcement: ${enforcement ?? "unknown"}).`,
    )
    .join("");
}

function citesOf(votes: readonly Vote[]): readonly Cite[] {
  return votes.map(({ fact }): Cite => ({ kind: "signature", digest: fact.artifact, authority: fact.authority }));
}
