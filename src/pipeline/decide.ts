import { addressOf } from "../crypto/digest-of.ts";
import type { Dossier, SourceKey } from "../domain/evidence.ts";
import type { ImageFacts } from "../domain/facts.ts";
import { earliest, plus, type Instant } from "../domain/instant.ts";
import type { Policy, PolicySet } from "../domain/policy.ts";
import { formatReference } from "../domain/reference.ts";
import type { Statements } from "../domain/statement.ts";
import type { AuthoritySpec } from "../domain/trust.ts";
import type { Verdict } from "../domain/verdict.ts";
import { judge, JUDGE_VERSION } from "../policy/judge.ts";
import type { Judged } from "./assay.ts";
import type { VerifiedBase } from "./base-signatures.ts";
import { dossierFreshUntil, type MaxAges } from "./freshness.ts";
import { sourcesOf, type Plan } from "./plan.ts";
import { policyId, type Unmatched } from "./scope.ts";
import type { Schemes } from "../schemes/scheme.ts";

/** No answer is served for longer than this without a new judgement, even if nothing it rests on ages. */
const LONGEST_SERVICE_MS = 24 * 3_600_000;

export type Decide = {
  readonly dossier: Dossier;
  readonly facts: ImageFacts;
  readonly statements: Statements;
  /** The base images whose signatures were asked for. */
  readonly bases: readonly VerifiedBase[];
  readonly set: PolicySet;
  readonly matched: readonly Policy[];
  readonly plan: Plan;
  readonly unmatched: Unmatched;
  readonly ages: MaxAges;
  readonly schemes: Schemes;
};

/** Judges facts at an instant and names the verdict by everything it depends on. */
export function decide(input: Decide, at: Instant): Judged {
  const { dossier, facts, statements, set, matched, unmatched } = input;
  const image = formatReference(dossier.subject.requested);
  const { resolvedAt } = dossier.subject;
  const places = (spec: AuthoritySpec): readonly SourceKey[] => sourcesOf(spec, input.schemes.signatures);
  const attestationSourcesOf = (spec: AuthoritySpec): readonly SourceKey[] =>
    sourcesOf(spec, input.schemes.attestations);
  const bases = new Map(input.bases.map(({ name, facts }) => [name, facts]));
  const looks = { sourcesOf: places, attestationSourcesOf, statements, bases };
  const body = judge({ facts, image, set, matched, at, resolvedAt, unmatched, ...looks });
  const verdict: Verdict = { id: verdictId(input, image, body.validFrom), ...body };
  const basesFreshUntil = earliest(...input.bases.map(({ freshUntil }) => freshUntil));
  const freshUntil =
    earliest(dossierFreshUntil(dossier, input.plan, input.ages), basesFreshUntil, verdict.validUntil) ??
    plus(at, LONGEST_SERVICE_MS);
  return { kind: "judged", verdict, freshUntil };
}

/** The observation times, the clock and the wording of files are left out: they change no answer. */
function verdictId(
  { bases, facts, statements, matched, unmatched }: Decide,
  image: string,
  validFrom: Instant | undefined,
): Verdict["id"] {
  return addressOf("verdict", {
    facts: facts.id,
    statements: atHand(statements),
    bases: bases.length === 0 ? undefined : bases.map(({ name, facts }) => `${name} ${facts.id}`).sort(),
    policies: matched.map(policyId),
    waivers: [],
    judge: JUDGE_VERSION,
    unmatched,
    image,
    validFrom,
  });
}

/** What the facts do not tell: which statements could be read. With none asked for, it makes no difference. */
function atHand(statements: Statements): readonly string[] | undefined {
  const known = [...statements.values()].filter(({ value }) => value.kind === "known");
  return statements.size === 0 ? undefined : known.map(({ digest }) => digest).sort();
}
