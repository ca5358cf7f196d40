import { InputError } from "../domain/errors.ts";
import { parseInstant, type Instant } from "../domain/instant.ts";
import type { PolicySet, SourceLocation } from "../domain/policy.ts";
import type { ImageReference } from "../domain/reference.ts";
import type { VerdictBody } from "../domain/verdict.ts";
import { explain } from "./explain.ts";
import { judge } from "./judge.ts";
import { matchPolicies } from "./match.ts";
import { contextOf, type PolicyTest, type PolicyTestCase } from "./policy-test-document.ts";
import { suggestion } from "./suggestion.ts";
import { GIVEN_ATTESTATIONS, syntheticStatements } from "./synthetic-attestations.ts";
import { syntheticBases } from "./synthetic-base.ts";
import { GIVEN_SOURCE, signatureOf, syntheticFacts } from "./synthetic-facts.ts";

export type PolicyTestResult = {
  readonly name: string;
  readonly at: SourceLocation;
  readonly passed: boolean;
  /** What was expected and what came, or why the case could not be run. */
  readonly message: string;
  readonly verdict: VerdictBody | undefined;
};

/** When a test names no instant of its own; fixed, so that a test passes next year too. */
const DEFAULT_INSTANT = parseInstant("2026-01-01T00:00:00Z");

/**
 * Judges every case by the set, as an image that no policy matches is denied. `parseImage` reads a reference and throws
 * `InputError`, which fails the case. Never throws that itself.
 */
export function runPolicyTests(
  set: PolicySet,
  tests: readonly PolicyTest[],
  parseImage: (text: string) => ImageReference,
): readonly PolicyTestResult[] {
  return tests.flatMap((test) =>
    test.cases.map((one): PolicyTestResult => {
      const outcome = judgeCase(set, one, test.at ?? DEFAULT_INSTANT, parseImage);
      return { name: one.name, at: one.at, ...outcome };
    }),
  );
}

type CaseOutcome = Pick<PolicyTestResult, "passed" | "message" | "verdict">;

function judgeCase(
  set: PolicySet,
  one: PolicyTestCase,
  at: Instant,
  parseImage: (text: string) => ImageReference,
): CaseOutcome {
  const unknown = unknownAuthority(set, one);
  if (unknown !== undefined) return { passed: false, message: unknown, verdict: undefined };
  try {
    const reference = parseImage(one.image);
    const matched = matchPolicies(set, reference.repository, contextOf(one));
    const facts = syntheticFacts(reference, one.given, at);
    const looks = {
      sourcesOf: () => [GIVEN_SOURCE],
      attestationSourcesOf: () => [GIVEN_ATTESTATIONS],
      statements: syntheticStatements(one.given, facts.digest),
      bases: syntheticBases(one.given, GIVEN_SOURCE, signatureOf),
    };
    return compare(
      one,
      judge({ facts, image: one.image, set, matched, at, resolvedAt: at, unmatched: "deny", ...looks }),
    );
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    return { passed: false, message: error.message, verdict: undefined };
  }
}

/** A name that no authority has would make the image unsigned, which is not what the case says. */
function unknownAuthority(set: PolicySet, { given }: PolicyTestCase): string | undefined {
  const names = set.authorities.map(({ name }) => name);
  const stranger = [...(given.signedBy ?? []), ...(given.attested ?? []), ...signersOfBase(given)].find(
    ({ authority }) => !names.includes(authority),
  );
  return stranger && `no authority is named "${stranger.authority}"${suggestion(stranger.authority, names)}`;
}

function signersOfBase({ base }: PolicyTestCase["given"]): NonNullable<PolicyTestCase["given"]["signedBy"]> {
  return base === undefined || base === "unknown" ? [] : (base.signedBy ?? []);
}

function compare({ expect, because }: PolicyTestCase, verdict: VerdictBody): CaseOutcome {
  const { headline } = explain(verdict);
  if (verdict.decision !== expect) return { passed: false, message: `expected ${expect}: ${headline}`, verdict };
  const reasons = verdict.findings.flatMap(({ outcome, reason }) => (outcome === "satisfied" ? [] : (reason ?? [])));
  if (because === undefined || reasons.includes(because)) return { passed: true, message: headline, verdict };
  const given = reasons.length === 0 ? "none" : reasons.join(", ");
  return { passed: false, message: `expected the reason ${because}, came with ${given}: ${headline}`, verdict };
}
