import type { Signer } from "../domain/facts.ts";
import type { Gap } from "../domain/gap.ts";
import type { AttestationQuery } from "../domain/policy.ts";
import type { AuthorityName } from "../domain/trust.ts";
import type { Cite } from "../domain/verdict.ts";
import { pollOf, type Answered, type Poll } from "./attestation-poll.ts";
import { citesOfChosen, describeUnattested } from "./attestation-shortfall.ts";
import { satisfied, unseenPlaces, type Judgement } from "./judgement.ts";
import type { Case } from "./rules/rule.ts";
import { formatSignatories, membersOf } from "./signatories.ts";
import { isSatisfiable } from "./signer-matching.ts";
import type { Target } from "./vouched-target.ts";

/** How a query is answered for one target, and by what its answer stands. */
export type Answering = {
  readonly judgement: Judgement;
  /** The attestations that hold, of all authorities that are relied upon. */
  readonly holding: readonly Answered[];
  /** Whether further ones that hold may be where nobody has looked, and why it could not be seen. */
  readonly open: boolean;
  readonly gaps: readonly (Gap | undefined)[];
};

/** Asks every authority that the query names, and matches those who stand for it to the tree. */
export function judgeQuery(query: AttestationQuery, target: Target, of: Case): Answering {
  const names = [...new Set(membersOf(query.by))];
  const polls = new Map(names.map((name) => [name, pollOf(name, query, target, of)]));
  const all = [...polls.values()];
  const holding = all.filter(({ signers }) => signers.length > 0).flatMap(holdingOf);
  const open = all.some((poll) => poll.open);
  return { judgement: judgement(query, target, polls, of), holding, open, gaps: gapsOf(all) };
}

function holdingOf({ chosen }: Poll): readonly Answered[] {
  return chosen.filter(({ answer }) => answer.kind === "holds");
}

type Polls = ReadonlyMap<AuthorityName, Poll>;

function judgement(query: AttestationQuery, target: Target, polls: Polls, of: Case): Judgement {
  const all = [...polls.values()];
  const signersOf = (name: AuthorityName): readonly Signer[] => polls.get(name)?.signers ?? [];
  if (isSatisfiable(query.by, signersOf, () => false)) return attested(query, target, all);
  const isOpen = (name: AuthorityName): boolean => polls.get(name)?.open ?? false;
  if (isSatisfiable(query.by, signersOf, isOpen)) return couldNotTell(query, target, all);
  return describeUnattested(query, target.label, all, of);
}

function attested({ by, predicateType }: AttestationQuery, { label }: Target, polls: readonly Poll[]): Judgement {
  const standing = polls.filter(({ signers }) => signers.length > 0);
  const cites: readonly Cite[] = standing.flatMap((poll) => citesOfChosen(holdingOf(poll)));
  const asked = by.kind === "authority" ? "" : `, as ${formatSignatories(by)} asks`;
  return satisfied(
    `${label} is attested to by ${standing.map(({ name }) => name).join(", ")} (${predicateType})${asked}.`,
    cites,
  );
}

function couldNotTell({ by, predicateType }: AttestationQuery, { label }: Target, polls: readonly Poll[]): Judgement {
  const asked = `Whether ${label} is attested to as asked by ${formatSignatories(by)} (${predicateType})`;
  return unseenPlaces(asked, gapsOf(polls));
}

function gapsOf(polls: readonly Poll[]): readonly (Gap | undefined)[] {
  return polls
    .filter((poll) => poll.open)
    .flatMap(({ ballot, chosen }) => [
      ...ballot.holes.map(({ gap }) => gap),
      ...chosen.flatMap(({ answer }) => (answer.kind === "unknown" ? [answer.gap] : [])),
    ]);
}
