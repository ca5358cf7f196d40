import { NO_NEEDS } from "../../domain/needs.ts";
import type { Signer } from "../../domain/facts.ts";
import type { Signatories } from "../../domain/policy.ts";
import type { AuthorityName } from "../../domain/trust.ts";
import type { Cite } from "../../domain/verdict.ts";
import { satisfied, unseenPlaces, type Judgement } from "../judgement.ts";
import { struct } from "../schema.ts";
import { formatSignatories, membersOf, signatories } from "../signatories.ts";
import { isSatisfiable } from "../signer-matching.ts";
import { describeShortfall } from "../signature-shortfall.ts";
import { judgeTargets, type Target } from "../vouched-target.ts";
import { ballotOf, countedSigners, type Ballot } from "../votes.ts";
import type { Case, RuleDefinition, RuleOf } from "./rule.ts";

type SignedRule = RuleOf<"signed">;

const schema = struct({ by: signatories }).transform(({ by }): SignedRule => ({ kind: "signed", by }));

function judge({ by }: SignedRule, of: Case): Judgement {
  return judgeTargets(of, { participle: "signed", monotonic: true, judge: (target) => judgeSigned(by, target, of) });
}

/** Whether enough of them signed one thing, an image or what it was built on. */
export function judgeSigned(by: Signatories, target: Target, of: Case): Judgement {
  const ballots = new Map([...new Set(membersOf(by))].map((name) => [name, ballotOf(name, target.digests, of)]));
  const signersOf = (name: AuthorityName): readonly Signer[] => signersIn(ballots.get(name));
  if (isSatisfiable(by, signersOf, () => false)) return signedBy(by, target, [...ballots.values()]);
  const isUnseen = (name: AuthorityName): boolean => isOpen(ballots.get(name));
  if (isSatisfiable(by, signersOf, isUnseen)) return couldNotTell(by, target, [...ballots.values()]);
  return describeShortfall(by, target, [...ballots.values()], of);
}

function signersIn(ballot: Ballot | undefined): readonly Signer[] {
  return ballot === undefined ? [] : countedSigners(ballot);
}

function isOpen(ballot: Ballot | undefined): boolean {
  return ballot !== undefined && ballot.relied && ballot.holes.length > 0;
}

function signedBy(by: Signatories, target: Target, ballots: readonly Ballot[]): Judgement {
  const counted = ballots.filter((ballot) => ballot.relied);
  const cites = counted.flatMap(({ name, votes }) =>
    votes
      .filter(({ standing }) => standing === "counts")
      .map(({ fact }): Cite => ({ kind: "signature", digest: fact.artifact, authority: name })),
  );
  const names = counted.filter((ballot) => countedSigners(ballot).length > 0).map(({ name }) => name);
  const asked = by.kind === "authority" ? "" : `, as ${formatSignatories(by)} asks`;
  return satisfied(`${target.label} is signed by ${names.join(", ")}${asked}.`, cites);
}

function couldNotTell(by: Signatories, target: Target, ballots: readonly Ballot[]): Judgement {
  const holes = ballots.filter((ballot) => ballot.relied).flatMap((ballot) => ballot.holes);
  return unseenPlaces(
    `Whether ${target.label} is signed by ${formatSignatories(by)}`,
    holes.map(({ gap }) => gap),
  );
}

/** Signatures by distinct signers, as the tree asks. */
export const signed: RuleDefinition<"signed"> = {
  kind: "signed",
  schema,
  needs: ({ by }) => ({ ...NO_NEEDS, authorities: [...new Set(membersOf(by))] }),
  judge,
  explain: ({ by }) => `is signed by ${formatSignatories(by)}`,
};
