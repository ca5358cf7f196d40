import { z } from "zod";

import { PROTECTED_THINGS } from "../domain/base-image.ts";
import { ABSENTEES, COMPOSITION_ORDER, type AdmissionContext } from "../domain/policy.ts";
import { LINTS } from "../domain/lint.ts";
import { parseDigest } from "../domain/digest.ts";
import { parseDuration } from "../domain/duration.ts";
import { parseInstant } from "../domain/instant.ts";
import { parseRepository } from "../domain/reference.ts";
import { FINDING_REASONS } from "../domain/verdict.ts";
import { readDocuments, type PolicyDocument, type PolicyFile } from "./document.ts";
import { apiVersion, kindOf, metadata } from "./header.ts";
import { parsePredicateType } from "./predicate-type.ts";
import { inReadingOrder, problemsOf, type PolicyProblem } from "./problem.ts";
import { check, parsed, some, struct, text } from "./schema.ts";
import { authorityName } from "./signatories.ts";

const signature = z.union([
  authorityName.transform((authority) => ({ authority, signer: authority as string, counts: true })),
  struct({ authority: authorityName, signer: text.optional(), counts: z.boolean().default(true) }).transform(
    ({ authority, signer, counts }) => ({ authority, signer: signer ?? authority, counts }),
  ),
]);

const attestation = struct({
  authority: authorityName,
  signer: text.optional(),
  counts: z.boolean().default(true),
  predicateType: parsed(parsePredicateType),
  predicate: z.json().optional(),
  signedAt: parsed(parseInstant).optional(),
  age: parsed(parseDuration).optional(),
})
  .superRefine(({ signedAt, age }, context) => {
    if (signedAt === undefined || age === undefined) return;
    context.addIssue({ code: "custom", path: ["age"], message: "and signedAt say the same thing: keep one" });
  })
  .transform(({ signer, ...rest }) => ({ ...rest, signer: signer ?? rest.authority }));

/** What the image was built on. `age` is the time since its last tag left it; without one a tag is still there. */
const base = struct({
  repository: parsed(parseRepository),
  age: parsed(parseDuration).optional(),
  tagged: z.boolean().default(true),
  changes: z.array(z.enum(PROTECTED_THINGS)).default([]),
  signedBy: z.array(signature).optional(),
}).superRefine(({ age, tagged }, context) => {
  if (age === undefined || tagged) return;
  context.addIssue({ code: "custom", path: ["age"], message: "is that of a tag: leave it out, or leave tagged out" });
});

/** What is given about the image. Whatever is left out was not collected, so a rule about it is undetermined. */
const given = struct({
  signedBy: z.array(signature).optional(),
  attested: z.array(attestation).optional(),
  unreachable: z.literal("signatures").optional(),
  digest: parsed(parseDigest).optional(),
  user: z.enum(["root", "nonroot", "nonroot-named", "unresolvable", "invalid"]).optional(),
  composition: z.enum([...COMPOSITION_ORDER, "uninspectable"]).optional(),
  present: z.array(z.enum(ABSENTEES)).default([]),
  flaws: z.array(z.enum(LINTS)).optional(),
  base: z.union([z.literal("unknown"), base]).optional(),
  created: z.union([z.literal("none"), parsed(parseInstant)]).optional(),
  age: parsed(parseDuration).optional(),
  platforms: some(
    text.regex(/^[a-z0-9]+\/[a-z0-9_]+(?:\/v[0-9]+)?$/, { error: "is not a platform: write it like linux/amd64" }),
  ).default(["linux/amd64"]),
}).superRefine((value, context) => {
  if (value.created !== undefined && value.age !== undefined) {
    context.addIssue({ code: "custom", path: ["age"], message: "and created say the same thing: keep one" });
  }
  if (value.present.length > 0 && value.composition === undefined) {
    context.addIssue({
      code: "custom",
      path: ["present"],
      message: "needs composition: what was seen belongs to a class",
    });
  }
});

const testCase = struct({
  name: text,
  image: text,
  namespace: text.optional(),
  labels: z.record(text, z.string()).optional(),
  operation: z.enum(["CREATE", "UPDATE", "CONNECT", "DELETE"]).optional(),
  given,
  expect: z.enum(["allow", "warn", "deny"]),
  because: z.enum(FINDING_REASONS).optional(),
});

/** A `PolicyTest` document: cases that say what the policies must answer for an image that needs not exist. */
export const policyTestDocument = struct({
  apiVersion,
  kind: z.literal("PolicyTest"),
  metadata: metadata.optional(),
  at: parsed(parseInstant).optional(),
  cases: some(testCase),
});

export type PolicyTest = Omit<z.output<typeof policyTestDocument>, "cases"> & {
  readonly cases: readonly PolicyTestCase[];
};
export type Given = z.output<typeof given>;
export type PolicyTestCase = z.output<typeof testCase> & { readonly at: PolicyProblem["at"] };

export type PolicyTestParse =
  | { readonly kind: "parsed"; readonly tests: readonly PolicyTest[] }
  | { readonly kind: "refused"; readonly problems: readonly PolicyProblem[] };

/** Reads test files. Problems are complete, in reading order; files without a test are one. Never throws. */
export function parsePolicyTests(files: readonly PolicyFile[]): PolicyTestParse {
  const read = files.map(readDocuments);
  const documents = read.flatMap(({ documents }) => documents).map(readTest);
  const tests = documents.flatMap((one) => (one.kind === "read" ? [one.test] : []));
  const problems = [
    ...read.flatMap(({ problems }) => problems),
    ...documents.flatMap((one) => (one.kind === "refused" ? one.problems : [])),
  ];
  if (problems.length === 0 && tests.length === 0) {
    const at = { file: files[0]?.name ?? "(no test file)", line: 1, column: 1 };
    problems.push({ message: "there is no PolicyTest document: write one", at });
  }
  return problems.length > 0 ? { kind: "refused", problems: inReadingOrder(problems) } : { kind: "parsed", tests };
}

type TestRead =
  | { readonly kind: "read"; readonly test: PolicyTest }
  | { readonly kind: "refused"; readonly problems: readonly PolicyProblem[] };

function readTest(document: PolicyDocument): TestRead {
  const kind = kindOf(document, ["PolicyTest"]);
  if (typeof kind !== "string") return { kind: "refused", problems: [kind] };
  const checked = check(policyTestDocument, document.value);
  if (checked.kind === "invalid") return { kind: "refused", problems: problemsOf(document, checked.issues) };
  const cases = checked.value.cases.map((one, at) => ({ ...one, at: document.where(["cases", at]) }));
  return { kind: "read", test: { ...checked.value, cases } };
}

/** What a case says of the admission request. */
export function contextOf({ namespace, labels, operation }: PolicyTestCase): AdmissionContext {
  return { namespace, labels, operation };
}
