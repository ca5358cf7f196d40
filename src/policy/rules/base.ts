import { z } from "zod";

import { baseName, PROTECTED_THINGS, type BaseHint, type ProtectedThing } from "../../domain/base-image.ts";
import { formatDuration } from "../../domain/duration.ts";
import { NO_NEEDS } from "../../domain/needs.ts";
import { quoted } from "../../domain/quoted.ts";
import type { Cite } from "../../domain/verdict.ts";
import { parseAgeLimit } from "../age-limit.ts";
import { judgeBaseAge } from "../base-age.ts";
import { describeCandidate, forbiddenChanges, isAllowedBase, type FoundCandidate } from "../base-candidate.ts";
import { judgeContent } from "../inspected-content.ts";
import { satisfied, unseen, violated, type Judgement } from "../judgement.ts";
import { parseImagePattern } from "../pattern.ts";
import { judgePlatforms, type JudgedPlatform } from "../runnable-platforms.ts";
import { parsed, some, struct } from "../schema.ts";
import { formatSignatories, membersOf, signatories } from "../signatories.ts";
import type { Case, RuleDefinition, RuleOf } from "./rule.ts";
import { judgeSigned } from "./signed.ts";

type BaseRule = RuleOf<"base">;

const schema = struct({
  oneOf: some(parsed(parseImagePattern)),
  notOlderThan: parsed(parseAgeLimit).optional(),
  signedBy: signatories.optional(),
  allowChanges: some(z.enum(PROTECTED_THINGS)).optional(),
}).transform(({ oneOf, notOlderThan, signedBy, allowChanges }): BaseRule => ({
  kind: "base",
  oneOf,
  notOlderThanMs: notOlderThan,
  signedBy,
  allowChanges: [...new Set(allowChanges)],
}));

const CALLED: Readonly<Record<ProtectedThing, string>> = {
  loader: "the program loader",
  libc: "the C library",
  "ca-certificates": "the trusted certificates",
  users: "the users",
  "package-database": "the package database",
};

function judgePlatform(rule: BaseRule, platform: JudgedPlatform, of: Case): Judgement {
  const { base, composition } = platform.facts;
  if (base.kind !== "known") return unseen(base, `The base image of ${platform.label}`);
  if (base.value.kind === "found") return judgeCandidates(rule, platform, base.value.candidates, of);
  const { because, hints } = base.value;
  const message = `${platform.label} is built on no known image: ${because}.${hinted(hints)} Have ${allowed(rule)} collected as base images, and build in layers on one of them.`;
  const isUnread = composition.kind === "known" && composition.value.kind === "uninspectable";
  // Layers of another operating system are ignorance here as for every rule about content.
  return isUnread ? judgeContent(platform, () => violated("base-unknown", message)) : violated("base-unknown", message);
}

function hinted(hints: readonly BaseHint[]): string {
  const [hint] = hints;
  if (hint === undefined) return "";
  const name = [hint.name, hint.digest ?? ""].filter((part) => part !== "").join("@");
  return ` By its builder's word (${hint.from}) it is built on ${quoted(name, 160)}.`;
}

function allowed({ oneOf }: BaseRule): string {
  return oneOf.map(({ text }) => text).join(" or ");
}

/**
 * The deepest allowed bases decide: one further down that is sound says nothing of what stands between. Of several with the
 * same layers one that passes is enough; of those that fail, the one that came furthest tells why.
 */
function judgeCandidates(
  rule: BaseRule,
  platform: JudgedPlatform,
  candidates: readonly FoundCandidate[],
  of: Case,
): Judgement {
  const allowedOnes = candidates.filter((candidate) => isAllowedBase(rule, candidate));
  const deepest = Math.max(...allowedOnes.map(({ depth }) => depth));
  const fitting = allowedOnes.filter(({ depth }) => depth === deepest);
  if (fitting.length === 0) return wrongBase(rule, platform, candidates);
  const tried: Tried[] = [];
  for (const candidate of fitting) {
    const one = judgeCandidate({ rule, platform, candidate, candidates }, of);
    if (one.judgement.outcome === "satisfied") return one.judgement;
    tried.push(one);
  }
  const open = tried.find(({ judgement }) => judgement.outcome === "undetermined");
  const furthest = tried.reduce((best, next) => (next.steps > best.steps ? next : best));
  return (open ?? furthest).judgement;
}

/** How many questions it passed before the one that it failed. */
type Tried = { readonly steps: number; readonly judgement: Judgement };

type Trial = {
  readonly rule: BaseRule;
  readonly platform: JudgedPlatform;
  readonly candidate: FoundCandidate;
  readonly candidates: readonly FoundCandidate[];
};

const BASES_SHOWN = 3;

function wrongBase(rule: BaseRule, { facts, label }: JudgedPlatform, candidates: readonly FoundCandidate[]): Judgement {
  const shown = candidates.slice(0, BASES_SHOWN).map((one) => describeCandidate(one, facts.layers.length));
  const more = candidates.length > BASES_SHOWN ? ", …" : "";
  const message = `${label} is built on ${shown.join(", ")}${more}. This policy allows ${allowed(rule)}. Build on one of these.`;
  return violated("wrong-base", message);
}

function judgeCandidate(trial: Trial, of: Case): Tried {
  const { candidate, candidates, platform, rule } = trial;
  const name = describeCandidate(candidate, platform.facts.layers.length);
  const tampered = judgeChanges(trial, name);
  if (tampered !== undefined) return { steps: 0, judgement: tampered };
  const built = `${platform.label} is ${candidate.isWhole ? "" : "built on "}${name}`;
  if (rule.notOlderThanMs !== undefined) {
    const age = judgeBaseAge(candidate, rule.notOlderThanMs, of.time, candidates);
    if (age.outcome !== "satisfied") return { steps: 1, judgement: { ...age, message: `${built}. ${age.message}` } };
  }
  const signed = judgeSignatures(trial, of);
  if (signed?.outcome === "violated") {
    const message = `${built}, which is not signed as asked. ${signed.message}`;
    return { steps: 2, judgement: violated("base-unsigned", message, signed.cites) };
  }
  if (signed?.outcome === "undetermined") {
    return { steps: 2, judgement: { ...signed, message: `${built}. ${signed.message}` } };
  }
  const message = signed === undefined ? `${built}.` : `${built}. ${signed.message}`;
  return { steps: 3, judgement: satisfied(message, signed?.cites) };
}

/** Paths shown in the message; the cites hold them all. */
const PATHS_SHOWN = 3;

function judgeChanges({ candidate, platform, rule }: Trial, name: string): Judgement | undefined {
  const changes = forbiddenChanges(rule, candidate);
  if (changes.length === 0) return undefined;
  const things = [...new Set(changes.map(({ thing }) => thing))];
  const shown = changes.slice(0, PATHS_SHOWN).map(({ sighting }) => `/${sighting.path} (${sighting.note})`);
  const more = changes.length > PATHS_SHOWN ? ", …" : "";
  const message = `${platform.label} is built on ${name}, and its own layers change ${things.map((thing) => CALLED[thing]).join(" and ")} of it: ${shown.join(", ")}${more}. Leave these as they are, or set allowChanges: [${things.join(", ")}].`;
  const cites = changes.map(({ sighting }): Cite => ({ kind: "layer", digest: sighting.layer, path: sighting.path }));
  return violated("base-tampered", message, cites);
}

/** The very judgement of `signed`, of the base image. */
function judgeSignatures({ candidate, rule }: Trial, of: Case): Judgement | undefined {
  const { signedBy } = rule;
  if (signedBy === undefined) return undefined;
  const label = baseName(candidate);
  const facts = of.bases.get(label);
  if (facts === undefined) {
    return unseen({ kind: "not-collected" }, `Whether ${label} is signed by ${formatSignatories(signedBy)}`);
  }
  const { digest, index } = candidate;
  const target = { label, digests: index === undefined ? [digest] : [digest, index] };
  return judgeSigned(signedBy, target, { ...of, facts, image: label });
}

function needs({ signedBy }: BaseRule): ReturnType<RuleDefinition<"base">["needs"]> {
  const baseSigners = signedBy === undefined ? [] : [...new Set(membersOf(signedBy))];
  return { ...NO_NEEDS, layers: "always", bases: true, baseSigners };
}

function explain(rule: BaseRule): string {
  const { allowChanges, notOlderThanMs, signedBy } = rule;
  const age = notOlderThanMs === undefined ? "" : `, which a tag named less than ${formatDuration(notOlderThanMs)} ago`;
  const signed = signedBy === undefined ? "" : `, signed by ${formatSignatories(signedBy)}`;
  const left = PROTECTED_THINGS.filter((thing) => !allowChanges.includes(thing)).map((thing) => CALLED[thing]);
  const changes = left.length === 0 ? "" : `, and leaves ${left.join(", ")} of it as they are`;
  return `is built on ${allowed(rule)}${age}${signed}${changes}`;
}

/** What the image was built on: whose, how old, by whom signed, and that it still is what it was. */
export const base: RuleDefinition<"base"> = {
  kind: "base",
  schema,
  needs,
  judge: (rule, of) => judgePlatforms(of, (platform) => judgePlatform(rule, platform, of)),
  explain,
};
