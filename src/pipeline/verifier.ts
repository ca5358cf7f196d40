import { Slices } from "../crypto/slices.ts";
import { baseName, type CatalogueEntry } from "../domain/base-image.ts";
import type { Dossier } from "../domain/evidence.ts";
import type { ImageFacts } from "../domain/facts.ts";
import { millisOf, plus } from "../domain/instant.ts";
import type { Policy, PolicySet } from "../domain/policy.ts";
import { referenceKey, type ImageReference } from "../domain/reference.ts";
import { basesToVerify } from "../policy/base-candidate.ts";
import { matchPolicies } from "../policy/match.ts";
import type { PolicySource } from "../ports/policy-source.ts";
import type { Records } from "../records/records.ts";
import type { Answer, ImageView, Judged } from "./assay.ts";
import type { BaseFeed } from "./base-feed.ts";
import { baseSightingOf } from "./base-sighting.ts";
import {
  basePlanOf,
  isBaseCovered,
  referenceOf,
  unseenBase,
  verifiedBase,
  withIndex,
  type VerifiedBase,
} from "./base-signatures.ts";
import { collect } from "./collect.ts";
import type { CollectParts } from "./collection.ts";
import { isCovered } from "./coverage.ts";
import { decide } from "./decide.ts";
import { examine, factsId } from "./examine.ts";
import { lapsedLists } from "./lapsed.ts";
import { findSubject, type Found } from "./found-subject.ts";
import { recall, recallNamed } from "./locate.ts";
import { fullPlan, planOf, type Plan } from "./plan.ts";
import { observe } from "./observe.ts";
import type { Observer } from "./observer.ts";
import { nameKeepersOf, resolutionKeyOf, type NameKeepers } from "./signed-digest.ts";
import { loadStatements } from "./statements.ts";
import { scopeOf, type Scope, type Unmatched } from "./scope.ts";
import { SingleFlight } from "./single-flight.ts";
import { unresolvedFrom } from "./unresolved.ts";

export type VerifierParts = CollectParts & {
  readonly records: Records;
  readonly policies: PolicySource;
  readonly unmatched: Unmatched;
  readonly observer: Observer;
  readonly feed: Pick<BaseFeed, "learn">;
};

/** What is in force for one reference: the scope, its policies that match, and what they make us look for. */
type InForce = {
  readonly scope: Scope;
  readonly matched: readonly Policy[];
  readonly plan: Plan;
  /** Whose word for what the tag is counts more than the registry's; mostly nobody's. */
  readonly keepers: NameKeepers;
  readonly basePlan: Plan;
};

type Examined = { readonly dossier: Dossier; readonly facts: ImageFacts };

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
      const found = await findSubject(reference, rules.keepers, this.#parts, signal);
      const examined = await this.#examined(found, rules, signal);
      const bases = await this.#bases(examined.facts, rules, signal);
      const judged = await this.#judge(examined, bases, rules);
      for (const gap of judged.verdict.gaps) this.#parts.observer.gapSeen(gap);
      this.#parts.observer.verdictDecided(judged.verdict, millisOf(this.#parts.clock.now()) - millisOf(startedAt));
      this.#learn(found, examined.dossier);
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
      const dossier = await this.#recall(reference, tagMaxAgeMs, rules, signal);
      if (dossier === undefined) return undefined;
      const covered = isCovered(dossier, rules.plan, this.#parts.ages, this.#parts.clock.now());
      if (!covered) return undefined;
      const facts = await this.#facts(dossier, rules.scope);
      const isLapsed = lapsedLists(dossier, facts, this.#parts.clock.now()).length > 0;
      const bases = isLapsed ? undefined : await this.#recallBases(facts, rules, signal);
      return bases && (await this.#judge({ dossier, facts }, bases, rules));
    } catch (error) {
      signal.throwIfAborted();
      return unresolvedFrom(reference, error);
    }
  }

  /**
   * Everything that can be known, whatever the policies ask, of the subject that they would judge. Throws `PortError` and
   * `InputError`.
   */
  async inspect(reference: ImageReference, signal: AbortSignal): Promise<Omit<ImageView, "kind">> {
    const rules = this.#inForce(reference);
    const found = await findSubject(reference, rules.keepers, this.#parts, signal);
    const plan = fullPlan(rules.scope.set.authorities, this.#parts.schemes);
    const dossier = await this.#gather(found, plan, signal);
    const facts = await this.#facts(dossier, rules.scope);
    this.#learn(found, dossier);
    return { facts, signedName: found.signedName };
  }

  /** Facts of what is stored, under the trust in force; no request. */
  async stored(dossier: Dossier): Promise<ImageFacts> {
    return this.#facts(dossier, this.#scope());
  }

  #inForce(reference: ImageReference): InForce {
    const scope = this.#scope();
    const matched = matchPolicies(scope.set, reference.repository);
    const { authorities } = scope.set;
    const { schemes } = this.#parts;
    const keepers = nameKeepersOf(reference, matched, authorities, schemes);
    const basePlan = basePlanOf(matched, authorities, schemes);
    return { scope, matched, plan: planOf(matched, authorities, schemes), keepers, basePlan };
  }

  async #recall(
    reference: ImageReference,
    tagMaxAgeMs: number,
    { keepers }: InForce,
    signal: AbortSignal,
  ): Promise<Dossier | undefined> {
    if (reference.kind !== "tag" || keepers.length === 0) return recall(reference, tagMaxAgeMs, this.#parts, signal);
    return recallNamed(reference, { key: resolutionKeyOf(reference, keepers), tagMaxAgeMs }, this.#parts);
  }

  async #gather({ located, sight, part }: Found, plan: Plan, signal: AbortSignal): Promise<Dossier> {
    const { subject, earlier } = located;
    const dossier = await collect({ subject, plan, earlier, part, once: sight.once }, sight.parts, signal);
    await this.#parts.records.dossiers.save(dossier);
    return dossier;
  }

  /** Looks once more where something ended since it was seen. */
  async #examined(
    found: Found,
    { scope, plan }: Pick<InForce, "scope" | "plan">,
    signal: AbortSignal,
  ): Promise<Examined> {
    const dossier = await this.#gather(found, plan, signal);
    const facts = await this.#facts(dossier, scope);
    const lapsed = lapsedLists(dossier, facts, this.#parts.clock.now());
    if (lapsed.length === 0) return { dossier, facts };
    const signatures = dossier.signatures.filter((list) => !lapsed.includes(list));
    const { subject } = found.located;
    const again = await this.#gather(
      { ...found, located: { subject, earlier: { ...dossier, signatures } } },
      plan,
      signal,
    );
    return { dossier: again, facts: await this.#facts(again, scope) };
  }

  /** The signatures of base images that rules ask for: the same line once more, and no further down. */
  async #bases(facts: ImageFacts, rules: InForce, signal: AbortSignal): Promise<readonly VerifiedBase[]> {
    return Promise.all(basesToVerify(rules.matched, facts).map((base) => this.#base(base, rules, signal)));
  }

  async #base(base: CatalogueEntry, { scope, basePlan: plan }: InForce, signal: AbortSignal): Promise<VerifiedBase> {
    const { ages, clock } = this.#parts;
    const what = `signatures of the base image ${baseName(base)}`;
    const seen = await observe(clock, what, signal, async () => {
      const { located, ...found } = await findSubject(referenceOf(base), [], this.#parts, signal);
      const subject = withIndex(located.subject, base);
      return this.#examined(
        { ...found, part: "signatures", located: { ...located, subject } },
        { scope, plan },
        signal,
      );
    });
    if (seen.kind === "observed") return verifiedBase(base, seen.value, plan, ages);
    if (seen.kind === "gap") return unseenBase(base, seen, plan, ages);
    throw new Error("a look that was made cannot be one that was not asked for");
  }

  /** The same from what is stored alone; `undefined` if that of one of them is not enough. */
  async #recallBases(
    facts: ImageFacts,
    rules: InForce,
    signal: AbortSignal,
  ): Promise<readonly VerifiedBase[] | undefined> {
    const asked = basesToVerify(rules.matched, facts);
    const known = await Promise.all(asked.map((base) => this.#recallBase(base, rules, signal)));
    const bases = known.filter((base) => base !== undefined);
    return bases.length === asked.length ? bases : undefined;
  }

  async #recallBase(
    base: CatalogueEntry,
    { scope, basePlan: plan }: InForce,
    signal: AbortSignal,
  ): Promise<VerifiedBase | undefined> {
    const { ages, clock } = this.#parts;
    const stored = await recall(referenceOf(base), 0, this.#parts, signal);
    if (stored === undefined) return undefined;
    const dossier = { ...stored, subject: withIndex(stored.subject, base) };
    const seen = { dossier, facts: await this.#facts(dossier, scope) };
    return isBaseCovered(seen, plan, ages, clock.now()) ? verifiedBase(base, seen, plan, ages) : undefined;
  }

  async #judge(
    { dossier, facts }: Examined,
    bases: readonly VerifiedBase[],
    { scope, matched, plan }: InForce,
  ): Promise<Judged> {
    const { unmatched, ages, schemes } = this.#parts;
    const slices = new Slices();
    const statements = await loadStatements({ dossier, facts, needs: plan.statements, schemes });
    await slices.pause();
    const at = this.#parts.clock.now();
    const input = { dossier, facts, statements, bases, set: scope.set, matched, plan, unmatched, ages, schemes };
    const judged = decide(input, at);
    await slices.pause();
    await this.#parts.records.verdicts.put(judged.verdict, scope.id, judged.freshUntil, plus(at, KEPT_MS));
    return judged;
  }

  async #facts(dossier: Dossier, { trust }: Scope): Promise<ImageFacts> {
    const slices = new Slices();
    const id = factsId(dossier, trust, this.#parts.schemes);
    const remembered = await this.#parts.records.facts.get(id);
    if (remembered !== undefined) return remembered;
    const facts = await examine(dossier, trust, this.#parts.schemes, id);
    await slices.pause();
    await this.#parts.records.facts.put(facts);
    return facts;
  }

  /** A tag counts as the registry's only where the registry was asked what it is. */
  #learn({ signedName }: Found, dossier: Dossier): void {
    const { requested } = dossier.subject;
    const tag = requested.kind === "tag" && signedName?.isSigned !== true ? requested.tag : undefined;
    this.#parts.feed.learn(() => {
      const sighting = baseSightingOf(dossier, tag);
      return sighting.images.length === 0 ? undefined : sighting;
    });
  }

  #scope(): Scope {
    const set = this.#parts.policies.current();
    const scope = this.#scopes.get(set) ?? scopeOf(set, this.#parts);
    this.#scopes.set(set, scope);
    return scope;
  }
}
