import { formatDuration } from "../domain/duration.ts";
import type { AttestationFact } from "../domain/facts.ts";
import { quoted } from "../domain/quoted.ts";
import type { AttestationQuery } from "../domain/policy.ts";
import { isPredicateType } from "../domain/predicate-type.ts";
import type { Cite, FindingReason } from "../domain/verdict.ts";
import type { Answered, Poll } from "./attestation-poll.ts";
import { violated, type Judgement } from "./judgement.ts";
import type { Case } from "./rules/rule.ts";
import { formatSignatories } from "./signatories.ts";
import { hintOf } from "./signer-hint.ts";
import { furthestRejection, notRelied, outOfTime, type Shortfall } from "./signature-shortfall.ts";
import type { Vote } from "./votes.ts";

/** Says why attestations do not suffice where everything was seen. */
export function describeUnattested(
  query: AttestationQuery,
  label: string,
  polls: readonly Poll[],
  of: Case,
): Judgement {
  const relied = polls.filter(({ ballot }) => ballot.relied);
  const [reason, message] = shortfall(query, label, relied, of);
  const idle = notRelied(
    polls.map(({ ballot }) => ballot),
    "attested something",
  );
  return violated(reason, message + idle, citesOf(relied));
}

type Failed = { readonly poll: Poll; readonly reason: FindingReason; readonly why: string };

function shortfall(query: AttestationQuery, label: string, polls: readonly Poll[], of: Case): Shortfall {
  const failed = polls.flatMap((poll) => failuresOf(poll));
  const [first] = failed;
  const standing = polls.filter(({ signers }) => signers.length > 0).map(({ name }) => name);
  if (first !== undefined) return [first.reason, failure(query, label, { first, count: failed.length, standing })];
  if (standing.length > 0) {
    const message = `${label} is attested to by ${standing.join(", ")} only, and ${formatSignatories(query.by)} must have attested (${query.predicateType}), each with a key of its own.`;
    return ["threshold", message];
  }
  return missing(query, label, polls, of);
}

function failuresOf(poll: Poll): readonly Failed[] {
  return poll.chosen.flatMap(({ answer }) =>
    answer.kind === "fails" ? [{ poll, reason: answer.reason, why: answer.why }] : [],
  );
}

type Failures = { readonly first: Failed; readonly count: number; readonly standing: readonly string[] };

function failure(query: AttestationQuery, label: string, { first, count, standing }: Failures): string {
  const { poll, reason, why } = first;
  const others = count > 1 ? ` So do ${count - 1} more.` : "";
  const rest = standing.length === 0 ? "" : ` ${standing.join(", ")} alone does not suffice.`;
  return `The attestation of ${label} by ${poll.name} (${query.predicateType}) ${why}${MENDS[reason]?.(query) ?? ""}.${others}${rest}`;
}

const MENDS: Readonly<Partial<Record<FindingReason, (query: AttestationQuery) => string>>> = {
  "too-old": ({ notOlderThanMs = 0 }) =>
    `, and may not be older than ${formatDuration(notOlderThanMs)}. Attest the image again`,
  "no-date": () => ". Have the attestation logged or timestamped when it is made",
};

/** Nothing to judge: none of this type, or none that counts. */
function missing(query: AttestationQuery, label: string, polls: readonly Poll[], of: Case): Shortfall {
  const votes = polls.flatMap(({ ballot }) => ballot.votes);
  const late = votes.find((vote) => isLate(vote) && isOfType(vote, query));
  if (late !== undefined) return outOfTime(late, label, "attestation");
  const asked = `attested to by ${formatSignatories(query.by)} with ${query.predicateType}`;
  const types = [...new Set(votes.flatMap(typeOf))];
  const rejected = furthestRejection(votes.filter(({ standing }) => standing === "rejected"));
  if (types.length === 0 && rejected !== undefined) {
    const { fact, reason, detail } = rejected;
    const hint = hintOf(fact, of.facts.attestations);
    const message = `${label} is not ${asked}: an attestation was found, but for ${fact.authority} it fails with ${reason}: ${detail}.${hint}`;
    return ["wrongly-signed", message];
  }
  const others =
    types.length === 0 ? "no attestation was found" : `there is only ${types.slice(0, SHOWN).map(shown).join(", ")}`;
  return ["unattested", `${label} is not ${asked}: ${others}. Attest it, or deploy a digest that is attested to.`];
}

const SHOWN = 3;

function shown(type: string): string {
  return quoted(type);
}

function isLate({ standing }: Vote<AttestationFact>): boolean {
  return standing === "expired" || standing === "not-yet-valid";
}

function typeOf({ fact: { opinion } }: Vote<AttestationFact>): readonly string[] {
  return opinion.kind === "verified" ? [opinion.statement.predicateType] : [];
}

function isOfType(vote: Vote<AttestationFact>, query: AttestationQuery): boolean {
  return typeOf(vote).some((type) => isPredicateType(query.predicateType, type));
}

function citesOf(polls: readonly Poll[]): readonly Cite[] {
  return polls.flatMap(({ ballot }) => ballot.votes.map(citeOf));
}

export function citesOfChosen(chosen: readonly Answered[]): readonly Cite[] {
  return chosen.map(({ vote }) => citeOf(vote));
}

function citeOf({ fact }: Vote<AttestationFact>): Cite {
  return { kind: "attestation", digest: fact.artifact, authority: fact.authority };
}
