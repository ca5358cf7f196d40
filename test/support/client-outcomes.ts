import assert from "node:assert/strict";
import { test } from "node:test";

import type { Opinion } from "../../src/domain/facts.ts";
import { parseInstant } from "../../src/domain/instant.ts";
import type { AuthoritySpec } from "../../src/domain/trust.ts";
import type { Target } from "../../src/schemes/scheme.ts";
import type { ClientLayout, Kept } from "./client-layout.ts";
import { attestAll, judgeAll, targetOf, verdictOf } from "./signing/judging.ts";

/** When the kept signatures are judged: after all that was to be over soon, and before all that was not. */
export const AT = parseInstant("2026-11-22T00:00:00Z");

/** What each of some authorities makes of a repository: an opinion a line, attestations after signatures, each sorted. */
export type Outcomes<C extends string = string> = Readonly<Record<C, readonly string[]>>;

/** As `verdictOf`, and `over` for one that counted only until a time that has passed. */
export function outcomeOf(opinion: Opinion): string {
  return opinion.kind === "verified" && opinion.notAfter !== undefined && opinion.notAfter < AT
    ? "over"
    : verdictOf(opinion);
}

/** `verified`; for attestations `attests <predicate type>`, or `attests: rejected …`. */
export async function outcomesOf(
  { images, digest }: Kept,
  spec: AuthoritySpec,
  requested?: string,
): Promise<readonly string[]> {
  const target: Target = targetOf(digest, requested);
  const signatures = (await judgeAll(images, target, spec)).map(outcomeOf);
  const attestations = (await attestAll(images, target, spec)).map(({ opinion }) => {
    const outcome = outcomeOf(opinion);
    return outcome === "verified" && opinion.kind === "verified"
      ? `attests ${opinion.statement.predicateType}`
      : `attests: ${outcome}`;
  });
  return [...signatures.toSorted(), ...attestations.toSorted()];
}

/** What is expected of attestations where this is expected of signatures. */
export function attesting<C extends string>(outcomes: Outcomes<C>, predicateType: string): Outcomes<C> {
  return changed(outcomes, (line) => (line === "verified" ? `attests ${predicateType}` : `attests: ${line}`));
}

export function changed<C extends string>(outcomes: Outcomes<C>, change: (line: string) => string): Outcomes<C> {
  return ofEach(outcomes, (column) => outcomes[column].map(change));
}

/** All of several signatures and attestations of one repository. */
export function together<C extends string>(first: Outcomes<C>, ...more: readonly Outcomes<C>[]): Outcomes<C> {
  const isAttestation = (line: string): boolean => line.startsWith("attests");
  return ofEach(first, (column) => {
    const all = [first, ...more].flatMap((each) => each[column]);
    return [...all.filter((line) => !isAttestation(line)).toSorted(), ...all.filter(isAttestation).toSorted()];
  });
}

function ofEach<C extends string>(outcomes: Outcomes<C>, lines: (column: C) => readonly string[]): Outcomes<C> {
  const columns = Object.keys(outcomes) as C[];
  return Object.fromEntries(columns.map((column) => [column, lines(column)] as const)) as unknown as Outcomes<C>;
}

/** Repositories that shall have the same outcomes. */
export type Row<C extends string> = readonly [repositories: readonly string[], outcomes: Outcomes<C>];

/** Tests each repository under each authority; one that no row names, or that is not there, is a failure of its own. */
export function testRows<C extends string>(
  layout: ClientLayout,
  authorities: Readonly<Record<C, AuthoritySpec>>,
  rows: readonly Row<C>[],
): void {
  test("every repository of the layout has its row", () => {
    assert.deepEqual(rows.flatMap(([repositories]) => repositories).toSorted(), layout.repositories);
  });
  for (const [repositories, outcomes] of rows) {
    for (const repository of repositories) {
      test(`${repository}: ${summaryOf(outcomes)}`, async () => {
        const kept = layout.load(repository);
        const found: Record<string, readonly string[]> = {};
        for (const column of Object.keys(outcomes) as C[]) found[column] = await outcomesOf(kept, authorities[column]);
        assert.deepEqual(found, outcomes);
      });
    }
  }
}

/** Who verifies something of it. */
function summaryOf(outcomes: Outcomes): string {
  const good = Object.entries(outcomes).filter(([, lines]) =>
    lines.some((line) => /^(?:verified|attests \S)/.test(line)),
  );
  return good.length === 0 ? "verified by nobody" : `verified by ${good.map(([column]) => column).join(", ")}`;
}
