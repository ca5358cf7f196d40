import { z } from "zod";

import { PortError } from "../domain/errors.ts";
import type { Problem } from "./exit-code.ts";
import type { ShownVerdict } from "./shown-verdict.ts";

/**
 * What the HTTP API answers, as far as this program relies on it. Members it does not know are kept: a newer server's
 * verdict is shown as it came.
 */
const text = z.string();
const digest = z.string().regex(/^sha\d{3}:[a-f0-9]+$/);

const Cite = z.discriminatedUnion("kind", [
  z.looseObject({ kind: z.literal("signature"), digest, authority: text }),
  z.looseObject({ kind: z.literal("attestation"), digest, authority: text }),
  z.looseObject({ kind: z.literal("layer"), digest, path: text }),
  z.looseObject({ kind: z.literal("config"), digest }),
  z.looseObject({ kind: z.literal("source"), digest, source: text }),
]);
const Finding = z.looseObject({
  policy: text,
  rule: text,
  authority: text.optional(),
  outcome: z.enum(["satisfied", "violated", "undetermined"]),
  reason: text.optional(),
  enforcement: z.enum(["deny", "warn", "audit"]),
  message: text,
  cites: z.array(Cite),
});
const Signer = z.discriminatedUnion("kind", [
  z.looseObject({ kind: z.literal("key"), spki: text }),
  z.looseObject({ kind: z.literal("identity"), issuer: text, subject: text }),
  z.looseObject({ kind: z.literal("x509"), trustStore: text, dn: text }),
  z.looseObject({ kind: z.literal("pgp"), fingerprint: text }),
]);
const SignatureTried = z.looseObject({
  scheme: text,
  authority: text,
  status: z.enum(["verified", "rejected", "undetermined"]),
  reason: text.optional(),
  step: text.optional(),
  detail: text.optional(),
  signer: Signer.optional(),
  source: text,
  via: text.optional(),
  artifact: digest.optional(),
});
const PlatformVerdict = z.looseObject({ platform: text, digest, user: text, composition: text, base: text });
const Gap = z.looseObject({ code: text, what: text, detail: text });
const VerdictAnswer = z.looseObject({
  id: digest,
  image: text,
  digest,
  decision: z.enum(["allow", "warn", "deny"]),
  findings: z.array(Finding),
  signatures: z.array(SignatureTried),
  platforms: z.array(PlatformVerdict),
  gaps: z.array(Gap),
  unsafe: z.array(text),
  policies: z.array(text),
  resolvedAt: text,
  decidedAt: text,
  validFrom: text.optional(),
  validUntil: text.optional(),
});
const ProblemAnswer = z.looseObject({ code: text, message: text, retryable: z.boolean().optional() });
const JobAnswer = z.looseObject({
  id: text.regex(/^[A-Za-z0-9._:~-]{1,200}$/),
  image: text,
  state: text,
  verdict: VerdictAnswer.nullish(),
  problem: ProblemAnswer.nullish(),
});
const JobsAnswer = z.looseObject({ jobs: z.array(JobAnswer) });

/** One verification on the server. `state` is terminal at `done` and `failed`. */
export type ServerJob = {
  readonly id: string;
  readonly image: string;
  readonly state: string;
  readonly verdict: ShownVerdict | undefined;
  readonly problem: Problem | undefined;
};

/** Throws `PortError` (`malformed`) for anything but the documented shape. */
export function parseJobs(answer: unknown, what: string): readonly ServerJob[] {
  return check(JobsAnswer, answer, what).jobs.map(toJob);
}

/** Throws `PortError` (`malformed`) for anything but the documented shape. */
export function parseJob(answer: unknown, what: string): ServerJob {
  return toJob(check(JobAnswer, answer, what));
}

function toJob({ id, image, state, verdict, problem }: z.infer<typeof JobAnswer>): ServerJob {
  return {
    id,
    image,
    state,
    // Checked above member by member; the brands of digests, instants and names are the server's word.
    verdict: (verdict ?? undefined) as ShownVerdict | undefined,
    problem: problem ? { ...problem, retryable: problem.retryable ?? false } : undefined,
  };
}

function check<T>(schema: z.ZodType<T>, answer: unknown, what: string): T {
  const parsed = schema.safeParse(answer);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const where = issue === undefined ? "" : ` (${issue.path.join(".")}: ${issue.message})`;
  throw new PortError("malformed", what, `the answer is not what an Assay server of this version gives${where}`);
}
