import type { z } from "zod";

import type { SourceKey } from "../../domain/evidence.ts";
import type { ImageFacts } from "../../domain/facts.ts";
import type { Needs } from "../../domain/needs.ts";
import type { Enforcement, PlatformSelection, Rule, RuleKind } from "../../domain/policy.ts";
import type { Statements } from "../../domain/statement.ts";
import type { Authority, AuthorityName, AuthoritySpec } from "../../domain/trust.ts";
import type { Evaluations } from "../evaluations.ts";
import type { Judgement } from "../judgement.ts";
import type { Timeline } from "../timeline.ts";

export type RuleOf<K extends RuleKind> = Extract<Rule, { readonly kind: K }>;

/** What is proved of base images that rules ask signatures of, by their names from `baseName`. */
export type Bases = ReadonlyMap<string, ImageFacts>;

/** What a rule may look at. */
export type Case = {
  readonly facts: ImageFacts;
  /** Canonical reference, for messages. */
  readonly image: string;
  readonly authorities: ReadonlyMap<AuthorityName, Authority>;
  /** The places that must have been looked at before an authority can be answered. */
  readonly sourcesOf: (spec: AuthoritySpec) => readonly SourceKey[];
  readonly attestationSourcesOf: (spec: AuthoritySpec) => readonly SourceKey[];
  readonly statements: Statements;
  readonly bases: Bases;
  readonly evaluations: Evaluations;
  readonly platforms: PlatformSelection;
  readonly enforcement: Enforcement;
  readonly time: Timeline;
};

/** How rules that hold other rules reach them. */
export type Recursion = {
  readonly judge: (rule: Rule, of: Case) => Judgement;
  readonly needs: (rule: Rule) => Needs;
  readonly explain: (rule: Rule) => string;
};

/** One kind of rule: how it is written, what it needs collected, how it is judged and how it reads in words. */
export type RuleDefinition<K extends RuleKind> = {
  readonly kind: K;
  readonly schema: z.ZodType<RuleOf<K>>;
  readonly needs: (rule: RuleOf<K>, recursion: Recursion) => Needs;
  readonly judge: (rule: RuleOf<K>, of: Case, recursion: Recursion) => Judgement;
  /** What must be so, continuing "the image …". */
  readonly explain: (rule: RuleOf<K>, recursion: Recursion) => string;
};
