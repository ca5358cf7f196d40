import { z } from "zod";

import { InputError } from "../domain/errors.ts";
import type { Match, PlatformSelection, Policy, PolicyRule, PolicyWarning } from "../domain/policy.ts";
import type { PolicyDocument } from "./document.ts";
import { apiVersion, enforcement, metadata } from "./header.ts";
import { baseRulesIn } from "./base-candidate.ts";
import { parseImagePattern, patternWarning } from "./pattern.ts";
import { problemAt, problemsOf, type PolicyProblem } from "./problem.ts";
import { onlyRule, ruleShape } from "./rules/index.ts";
import { misplacedRules } from "./rule-order.ts";
import { check, parsed, some, struct, text } from "./schema.ts";
import { duplicatedMembers } from "./signatories.ts";

export type PolicyRead =
  | { readonly kind: "read"; readonly policy: Policy; readonly warnings: readonly PolicyWarning[] }
  | { readonly kind: "refused"; readonly problems: readonly PolicyProblem[] };

const rule = struct({ ...ruleShape, enforcement: enforcement.optional() }).transform((value, context) => {
  const rule = onlyRule(value);
  if ("kind" in rule) return { rule, enforcement: value.enforcement };
  context.issues.push({ code: "custom", message: rule.problem, input: value });
  return z.NEVER;
});

const patterns = some(parsed(parseImagePattern));

const namespaceGlob = text.regex(/^[a-z0-9*](?:[a-z0-9*-]{0,61}[a-z0-9*])?$/, {
  error: "is not a glob of namespace names: use lower-case letters, digits, hyphens and *",
});

const labelValues = z.union([z.string().transform((value) => [value]), some(z.string())]);

const match = struct({
  images: patterns,
  exceptImages: patterns.default([]),
  namespaces: some(namespaceGlob).default([]),
  labels: z.record(text, labelValues).default({}),
  operations: some(z.enum(["CREATE", "UPDATE", "CONNECT", "DELETE"])).default([]),
}).superRefine((value: Match, context) => {
  const excepted = value.exceptImages.map((pattern) => pattern.text);
  if (!value.images.every((pattern) => excepted.includes(pattern.text))) return;
  context.addIssue({ code: "custom", path: ["exceptImages"], message: "excepts everything that images matches" });
});

const platforms = struct({
  only: some(parsed(parsePlatformName)).default([]),
  signatures: z.enum(["index", "each", "either"]).default("either"),
});

/** How kernels call what images call `amd64` and `arm64`. */
const KERNEL_NAMES: ReadonlyMap<string, string> = new Map([
  ["x86_64", "amd64"],
  ["aarch64", "arm64"],
]);

function parsePlatformName(text: string): string {
  const match = /^([a-z0-9]+)\/([a-z0-9_]+)(?:\/v[0-9]{1,2})?$/.exec(text);
  const meant = KERNEL_NAMES.get(match?.[2] ?? "");
  if (match !== null && meant === undefined) return text;
  const mend = meant === undefined ? "write it like linux/arm64" : `write ${match?.[1] ?? "linux"}/${meant}`;
  throw new InputError("policy", `"${text.slice(0, 80)}" is not a platform: ${mend}`);
}

/** A `Policy` document. */
export const policyDocument = struct({
  apiVersion,
  kind: z.literal("Policy"),
  metadata,
  spec: struct({
    match,
    rules: some(rule),
    platforms: platforms.default({ only: [], signatures: "either" } satisfies PlatformSelection),
    enforcement: enforcement.default("deny"),
  }),
});

/** Reads one document. Whether its authorities exist is for the whole set to say. Never throws. */
export function readPolicy(document: PolicyDocument): PolicyRead {
  const checked = check(policyDocument, document.value);
  if (checked.kind === "invalid") return { kind: "refused", problems: problemsOf(document, checked.issues) };
  const { metadata, spec } = checked.value;
  const rules = spec.rules.map((one, at): PolicyRule => {
    return {
      rule: one.rule,
      enforcement: one.enforcement ?? spec.enforcement,
      at: document.where(["spec", "rules", at]),
    };
  });
  const at = document.where(["metadata", "name"]);
  const policy: Policy = { name: metadata.name, match: spec.match, rules, platforms: spec.platforms, at };
  const misplaced = misplacedRules(policy);
  const refused = misplaced.filter(({ severity }) => severity === "problem");
  if (refused.length > 0) return { kind: "refused", problems: refused.map(({ message, at }) => ({ message, at })) };
  const warned = misplaced.map(({ message, at }) => ({ message, at }));
  return {
    kind: "read",
    policy,
    warnings: [
      ...warned,
      ...matchWarnings(policy, document),
      ...rules.flatMap(baseWarnings),
      ...memberWarnings(document),
    ],
  };
}

function matchWarnings({ match }: Policy, document: PolicyDocument): readonly PolicyWarning[] {
  return (["images", "exceptImages"] as const).flatMap((member) =>
    match[member].flatMap((pattern, at) => {
      const message = patternWarning(pattern);
      return message === undefined ? [] : [problemAt(document, ["spec", "match", member, at], message)];
    }),
  );
}

function baseWarnings({ rule, at }: PolicyRule): readonly PolicyWarning[] {
  const patterns = baseRulesIn(rule).flatMap(({ oneOf }) => oneOf);
  return patterns.flatMap((pattern) => {
    const message = patternWarning(pattern);
    return message === undefined ? [] : [{ message, at }];
  });
}

function memberWarnings(document: PolicyDocument): readonly PolicyWarning[] {
  return duplicatedMembers(document.value, []).map((path) =>
    problemAt(document, path, "the same member is named a second time, which counts once"),
  );
}
