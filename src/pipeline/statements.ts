import { Slices } from "../crypto/slices.ts";
import type { Dossier, SignatureEvidence } from "../domain/evidence.ts";
import type { AttestationFact, ImageFacts, StatementFact } from "../domain/facts.ts";
import { pathsFor, type StatementNeed } from "../domain/needs.ts";
import { isPredicateType } from "../domain/predicate-type.ts";
import type { StatementView, Statements } from "../domain/statement.ts";
import type { Schemes } from "../schemes/scheme.ts";

export type StatementParts = {
  /** The one the facts were made of: it holds the texts. */
  readonly dossier: Dossier;
  readonly facts: ImageFacts;
  readonly needs: readonly StatementNeed[];
  readonly schemes: Schemes;
};

/**
 * The texts of verified statements that rules ask about, by digest; of those too large to be held, the parts asked for.
 * Nothing is fetched: what the dossier does not hold is `not-collected`, and was planned to be collected if anybody asks.
 */
export async function loadStatements({ dossier, facts, needs, schemes }: StatementParts): Promise<Statements> {
  const evidence = evidenceById(dossier);
  const views = new Map<StatementView["digest"], StatementView>();
  const slices = new Slices();
  for (const fact of facts.attestations) {
    const statement = askedFor(fact, needs);
    const found = evidence.get(fact.evidence);
    if (statement === undefined || found === undefined) continue;
    if (views.get(statement.digest)?.value.kind === "known") continue;
    views.set(statement.digest, viewOf(statement, found, needs, schemes));
    await slices.pause();
  }
  return views;
}

function evidenceById(dossier: Dossier): ReadonlyMap<string, SignatureEvidence> {
  const all = dossier.signatures.flatMap(({ content }) => (content.kind === "observed" ? content.value : []));
  return new Map(all.map((one) => [one.id, one]));
}

function askedFor({ authority, opinion }: AttestationFact, needs: readonly StatementNeed[]): StatementFact | undefined {
  if (opinion.kind !== "verified") return undefined;
  const { statement } = opinion;
  const isAsked = needs.some(
    ({ attesters, predicateType }) =>
      attesters.includes(authority) && isPredicateType(predicateType, statement.predicateType),
  );
  return isAsked ? statement : undefined;
}

function viewOf(
  statement: StatementFact,
  evidence: SignatureEvidence,
  needs: readonly StatementNeed[],
  { attestations }: Schemes,
): StatementView {
  const { digest, predicateType } = statement;
  const scheme = attestations.find(({ id }) => id === evidence.scheme);
  const value = scheme?.statementIn(evidence, statement, pathsFor(needs, predicateType));
  return { digest, predicateType, value: value ?? { kind: "not-collected" } };
}
