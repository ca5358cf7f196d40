import type { Dossier } from "../domain/evidence.ts";
import type { ImageFacts } from "../domain/facts.ts";
import { millisOf, plus } from "../domain/instant.ts";
import type { Policy, PolicySet } from "../domain/policy.ts";
import { referenceKey, type ImageReference } from "../domain/reference.ts";
import { matchPolicies } from "../policy/match.ts";
import type { PolicySource } from "../ports/policy-source.ts";
import type { Records } from "../records/records.ts";
import type { Answer, Judged } from "./assay.ts";
import { collect } from "./collect.ts";
import type { CollectParts } from "./collection.ts";
import { isCovered } from "./coverage.ts";
import { decide } from "./decide.ts";
import { examine, factsId } from "./examine.ts";
import { locate, recall, type Located } from "./locate.ts";
import { fullPlan, planOf, type Plan } from "./plan.ts";
import type { Observer } from "./observer.ts";
import { loadStatements } from "./statements.ts";
import { scopeOf, type Scope, type Unmatched } from "./scope.ts";
import { SingleFlight } from "./single-flight.ts";
import { unresolvedFrom } from "./unresolved.ts";

export type VerifierParts = CollectParts & {
  readonly records: Records;
  readonly policies: PolicySource;
  readonly unmatched: Unmatched;
  readonly observer: Observer;
};

/** What is in force for one reference: the scope, its policies that match, and what they make us look for. */
type InForce = { readonly scope: Scope; readonly matched: readonly Policy[]; readonly plan: Plan };

/** How long people may read a verdict that was given; it answers for its image only while it is fresh. */
const KEPT_MS = 30 * 24 * 3_600_000;

/** The line from reference to verdict, with the stores at its joints. */
export class Verifier {
  readonly #parts: VerifierParts;
  readonly #flights = new SingleFlight<Answer>();
  readonly #scopes = new WeakMap<PolicySet, Scope>();

  constructor(parts: VerifierParts) {
    this.#parts = parts;
  }

  /** Callers for the same image under the same policies share one verification. */
  async verify(reference: ImageReference, signal: AbortSignal): Promise<Answer> {
    const rules = this.#inForce(reference);
    const key = `${rules.scope.id} ${referenceKey(reference)} ${reference.tag ?? ""}`;
    return this.#flights.run(key, signal, (shared) => this.#verifyOnce(reference, rules, shared));
  }

  async #verifyOnce(reference: ImageReference, rules: InForce, signal: AbortSignal): Promise<Answer> {
    const startedAt = this.#parts.clock.now();
    try {
      const located = await locate(reference, this.#parts, signal);
      const judged = await this.#judge(await this.#gather(located, rules.plan, signal), rules);
      for (const gap of judged.verdict.gaps) this.#parts.observer.gapSeen(gap);
      this.#parts.observer.verdictDecided(judged.verdict, millisOf(this.#parts.clock.now()) - millisOf(startedAt));
      return judged;
    } catch (error) {
      signal.throwIfAborted();
      return unresolvedFrom(reference, error);
    }
  }

  /** From what is stored alone, after at most one HEAD; `undefined` if something planned was not collected or is stale. */
  async recall(reference: ImageReference, tagMaxAgeMs: number, signal: AbortSignal): Promise<Answer | undefined> {
    try {
      const rules = this.#inForce(reference);
      const dossier = await recall(reference, tagMaxAgeMs, this.#parts, signal);
      if (dossier === undefined) return undefined;
      const covered = isCovered(dossier, rules.plan, this.#parts.ages, this.#parts.clock.now());
      return covered ? await this.#judge(dossier, rules) : undefined;
    } catch (error) {
      signal.throwIfAborted();
      return unresolvedFrom(reference, error);
    }
  }

  /** Everything that can be known, whatever the policies ask. Throws `PortError` and `InputError`. */
  async inspect(reference: ImageReference, signal: AbortSignal): Promise<ImageFacts> {
    const scope = this.#scope();
    const located = await locate(reference, this.#parts, signal);
    const plan = fullPlan(scope.set.authorities, this.#parts.schemes);
    return this.#facts(await this.#gather(located, plan, signal), scope);
  }

  /** Facts of what is stored, under the trust in force; no request. */
  async stored(dossier: Dossier): Promise<ImageFacts> {
    return this.#facts(dossier, this.#scope());
  }

  #inForce(reference: ImageReference): InForce {
    const scope = this.#scope();
    const matched = matchPolicies(scope.set, reference.repository);
    return { scope, matched, plan: planOf(matched, scope.set.authorities, this.#parts.schemes) };
  }

  async #gather({ subject, earlier }: Located, plan: Plan, signal: AbortSignal): Promise<Dossier> {
    const dossier = await collect({ subject, plan, earlier }, this.#parts, signal);
    await this.#parts.records.dossiers.save(dossier);
    return dossier;
  }

  async #judge(dossier: Dossier, { scope, matched, plan }: InForce): Promise<Judged> {
    const { unmatched, ages, schemes } = this.#parts;
    const facts = await this.#facts(dossier, scope);
    const statements = await loadStatements({ dossier, facts, needs: plan.statements, schemes });
    const at = this.#parts.clock.now();
    const judged = decide({ dossier, facts, statements, set: scope.set, matched, plan, unmatched, ages, schemes }, at);
    await this.#parts.records.verdicts.put(judged.verdict, scope.id, judged.freshUntil, plus(at, KEPT_MS));
    return judged;
  }

  async #facts(dossier: Dossier, { trust }: Scope): Promise<ImageFacts> {
    const remembered = await this.#parts.records.facts.get(factsId(dossier, trust, this.#parts.schemes));
    if (remembered !== undefined) return remembered;
    const facts = await examine(dossier, trust, this.#parts.schemes);
    await this.#parts.records.facts.put(facts);
    return facts;
  }

  #scope(): Scope {
    const set = this.#parts.policies.current();
    const scope = this.#scopes.get(set) ?? scopeOf(set, this.#parts);
    this.#scopes.set(set, scope);
    return scope;
  }
}
