import { z } from "zod";

/** Images one call may name. */
const MAX_IMAGES = 1000;

const reference = z
  .string()
  .min(1)
  .max(512)
  .describe("An image reference, such as registry.example.com/shop/web:1.4 or …@sha256:…");

const images = z.array(reference).min(1).max(MAX_IMAGES);

/** `admission` is not for callers to claim: it belongs to the admission calls. */
const priority = z.enum(["interactive", "normal", "scan"]).default("normal");

export const submissionSchema = z
  .strictObject({ images, priority })
  .describe("Images to verify; each is judged as outside of any cluster, by the policies that match its name");

export const querySchema = z.strictObject({ images });

export const verdictQuerySchema = z.strictObject({ image: reference });

export const factsQuerySchema = z.strictObject({
  repository: z.string().min(1).max(300).describe("The repository in which the image was seen, without tag or digest"),
});

const digest = z.string().regex(/^(?:sha256:[a-f0-9]{64}|sha384:[a-f0-9]{96}|sha512:[a-f0-9]{128})$/);
const instant = z.iso.datetime({ precision: 3 });
const outcome = z.enum(["satisfied", "violated", "undetermined"]);
const enforcement = z.enum(["deny", "warn", "audit"]);

export const gapSchema = z
  .strictObject({ code: z.string(), what: z.string(), detail: z.string() })
  .describe("A place that was looked at and could not be seen");

const citeSchema = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("signature"), digest, authority: z.string() }),
  z.strictObject({ kind: z.literal("attestation"), digest, authority: z.string() }),
  z.strictObject({ kind: z.literal("layer"), digest, path: z.string() }),
  z.strictObject({ kind: z.literal("config"), digest }),
  z.strictObject({ kind: z.literal("source"), source: z.string(), digest }),
]);

export const signerSchema = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("key"), spki: digest }),
  z.strictObject({ kind: z.literal("identity"), issuer: z.string(), subject: z.string(), spki: digest.optional() }),
  z.strictObject({ kind: z.literal("x509"), trustStore: z.string(), dn: z.string(), spki: digest.optional() }),
  z.strictObject({ kind: z.literal("pgp"), fingerprint: z.string(), spki: digest.optional() }),
]);

const findingSchema = z.strictObject({
  policy: z.string(),
  rule: z.string(),
  authority: z.string().optional().describe("Set for a trial: an authority on which the rule may not rely yet"),
  outcome,
  reason: z.string().optional(),
  enforcement,
  message: z.string(),
  cites: z.array(citeSchema),
});

const signatureSchema = z.strictObject({
  role: z.enum(["signature", "attestation"]),
  scheme: z.string(),
  authority: z.string(),
  status: z.enum(["verified", "rejected", "undetermined"]),
  reason: z.string().optional(),
  step: z.string().optional(),
  detail: z.string().optional(),
  signer: signerSchema.optional(),
  signers: z.array(signerSchema),
  notes: z.array(z.string()),
  source: z.string(),
  via: z.string(),
  about: digest,
  artifact: digest,
});

const platformSchema = z.strictObject({
  platform: z.string(),
  digest,
  user: z.string(),
  composition: z.string(),
  base: z.string(),
});

export const verdictSchema = z
  .strictObject({
    id: digest,
    image: z.string(),
    digest,
    decision: z.enum(["allow", "warn", "deny"]),
    findings: z.array(findingSchema),
    signatures: z.array(signatureSchema),
    platforms: z.array(platformSchema),
    gaps: z.array(gapSchema),
    unsafe: z.array(z.string()),
    policies: z.array(z.string()),
    resolvedAt: instant,
    decidedAt: instant,
    validFrom: instant.optional(),
    validUntil: instant.optional(),
  })
  .describe("The decision for one image under the policies in force, with everything it rests on");

export const problemSchema = z
  .strictObject({
    type: z.url().describe("Stable identifier of the kind of problem"),
    title: z.string(),
    status: z.int(),
    detail: z.string(),
    image: z.string().optional(),
    decision: z.literal("deny").optional().describe("An image that could not be judged is denied"),
    code: z.string().optional().describe("The cause in one stable word"),
    retryable: z.boolean().optional().describe("Whether asking again later may bring another answer"),
    queued: z.boolean().optional().describe("Whether a verification was queued on behalf of this call"),
    job: z.string().optional().describe("Where that verification can be followed"),
  })
  .describe("RFC 9457 problem document");

export const queryAnswerSchema = z
  .strictObject({
    items: z.array(
      z.discriminatedUnion("kind", [
        z.strictObject({ image: z.string(), kind: z.literal("verdict"), verdict: verdictSchema }),
        z.strictObject({ image: z.string(), kind: z.literal("unknown") }),
        z.strictObject({ image: z.string(), kind: z.literal("problem"), problem: problemSchema }),
      ]),
    ),
  })
  .describe("One item per image asked, in the order asked");

const jobProblemSchema = z.strictObject({ code: z.string(), message: z.string() });

export const jobSchema = z
  .strictObject({
    id: z.string(),
    href: z.string(),
    image: z.string(),
    priority: z.enum(["admission", "interactive", "normal", "scan"]),
    submittedAt: instant,
    state: z.enum(["waiting", "active", "retrying", "done", "failed"]),
    attempt: z.int().optional(),
    notBefore: instant.optional(),
    finishedAt: instant.optional(),
    problem: jobProblemSchema.optional(),
    verdict: verdictSchema.optional().describe("Present once done, for as long as the store keeps it"),
  })
  .describe("One verification. `done` says that a verdict was reached, not which");

export const jobsSchema = z
  .strictObject({ state: z.enum(["pending", "finished"]), jobs: z.array(jobSchema) })
  .describe("One verification per image submitted, in the order submitted");

export const healthSchema = z.strictObject({ status: z.literal("ok") });

export const readinessSchema = z.strictObject({
  status: z.enum(["ready", "not-ready"]),
  checks: z
    .strictObject({
      store: z.strictObject({ ok: z.boolean() }),
      queue: z.strictObject({
        ok: z.boolean(),
        waiting: z.int().optional(),
        active: z.int().optional(),
        delayed: z.int().optional(),
      }),
      policy: z.strictObject({ ok: z.boolean(), problem: z.string().optional() }),
      stopping: z.boolean(),
    })
    .optional()
    .describe("Only for callers with a token"),
});
