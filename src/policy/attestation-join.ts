import type { AttestedContent } from "../domain/policy.ts";
import type { JsonValue } from "../domain/json.ts";
import type { Answer, Answered } from "./attestation-poll.ts";
import { judgeQuery, type Answering } from "./attestation-query.ts";
import { citesOfChosen } from "./attestation-shortfall.ts";
import { allOf, satisfied, unseenPlaces, violated, type Judgement } from "./judgement.ts";
import type { Case } from "./rules/rule.ts";
import { answerFrom, expressionOf, statementOf } from "./statement-condition.ts";
import type { Target } from "./vouched-target.ts";

type Join = Extract<AttestedContent, { readonly kind: "join" }>;

/** The statements of one name: one of them must fit (`any`), or each (`latest`, `all`). */
type Side = Answering & { readonly name: string; readonly any: boolean };

/** One statement for each name. */
type Combination = ReadonlyMap<string, Answered>;

/** Combinations that are tried; more would be an image that is attested to without end. */
const MOST_COMBINATIONS = 2000;

/**
 * Each query holds by itself, and so does the expression over their statements together: for every choice among those of
 * which each must fit, some choice among those of which any will do.
 */
export function judgeJoin(join: Join, target: Target, of: Case): Judgement {
  const sides = Object.entries(join.queries).map(([name, query]): Side => {
    return { name, any: query.select === "any", ...judgeQuery(query, target, of) };
  });
  const apart = allOf(sides.map(({ judgement }) => judgement));
  if (apart.outcome !== "satisfied") return apart;
  // Each of these must fit, so those that nobody has seen count too.
  const unseen = sides.filter((side) => !side.any && side.open);
  if (unseen.length > 0)
    return unseenPlaces(
      asked(sides, target),
      unseen.flatMap(({ gaps }) => gaps),
    );
  const count = sides.reduce((product, { holding }) => product * holding.length, 1);
  if (count > MOST_COMBINATIONS) return tooMany(sides, target, count);
  const worst = everyFit({ join, sides, of });
  return worst.kind === "holds" ? together(sides, target) : unfit(worst, { sides, target });
}

type Joining = { readonly join: Join; readonly sides: readonly Side[]; readonly of: Case };

function everyFit(joining: Joining): Answer {
  const { sides } = joining;
  const each = combinations(sides.filter(({ any }) => !any));
  const some = combinations(sides.filter(({ any }) => any));
  return worstOf(each.map((fixed) => bestOf(some.map((free) => fit(new Map([...fixed, ...free]), joining)))));
}

function combinations(sides: readonly Side[]): readonly Combination[] {
  return sides.reduce<readonly Combination[]>(
    (before, { name, holding }) => before.flatMap((one) => holding.map((chosen) => new Map([...one, [name, chosen]]))),
    [new Map()],
  );
}

function fit(combination: Combination, { join, of }: Joining): Answer {
  const expression = expressionOf(join, join.where, Object.keys(join.queries));
  const values = new Map<string, JsonValue>();
  for (const [name, { opinion }] of combination) {
    const value = statementOf(opinion.statement.digest, of);
    if (value.kind !== "known") return { kind: "unknown", gap: value.kind === "gap" ? value.gap : undefined };
    values.set(name, value.value);
  }
  const subject = [...combination].map(([name, { opinion }]) => `${name}=${opinion.statement.digest}`).sort();
  return answerFrom(of.evaluations.of(expression, subject, values));
}

const FAILED: Answer = { kind: "fails", reason: "unattested", why: "has nothing to be joined with" };

/** What an "or" over answers gives; the first failure speaks for all. */
function bestOf(answers: readonly Answer[]): Answer {
  const open = answers.find(({ kind }) => kind === "holds") ?? answers.find(({ kind }) => kind === "unknown");
  return open ?? answers[0] ?? FAILED;
}

/** What an "and" gives. Nothing to be judged is never "holds". */
function worstOf(answers: readonly Answer[]): Answer {
  const worst = answers.find(({ kind }) => kind === "fails") ?? answers.find(({ kind }) => kind === "unknown");
  return worst ?? answers[0] ?? FAILED;
}

function asked(sides: readonly Side[], { label }: Target): string {
  return `Whether the attestations ${sides.map(({ name }) => name).join(" and ")} of ${label} fit together`;
}

type Context = { readonly sides: readonly Side[]; readonly target: Target };

function unfit(worst: Exclude<Answer, { readonly kind: "holds" }>, { sides, target }: Context): Judgement {
  const names = sides.map(({ name }) => name).join(" and ");
  if (worst.kind === "unknown") return unseenPlaces(asked(sides, target), [worst.gap]);
  // One more of those of which any will do could still fit, if there may be one.
  const open = sides.filter((side) => side.any && side.open);
  if (open.length > 0)
    return unseenPlaces(
      asked(sides, target),
      open.flatMap(({ gaps }) => gaps),
    );
  const message = `The attestations ${names} of ${target.label} do not fit together: what they say ${worst.why}.`;
  return violated(worst.reason, message, citesOf(sides));
}

function together(sides: readonly Side[], { label }: Target): Judgement {
  const names = sides.map(({ name }) => name).join(" and ");
  return satisfied(`The attestations ${names} of ${label} fit together.`, citesOf(sides));
}

function tooMany(sides: readonly Side[], { label }: Target, count: number): Judgement {
  const message = `The attestations of ${label} make ${count} combinations, of which at most ${MOST_COMBINATIONS} are tried. Write select: latest.`;
  return violated("predicate-error", message, citesOf(sides));
}

function citesOf(sides: readonly Side[]): Judgement["cites"] {
  return sides.flatMap(({ holding }) => citesOfChosen(holding));
}
