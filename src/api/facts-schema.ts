import { z } from "zod";

import { gapSchema, signerSchema } from "./schemas.ts";

const digest = z.string();

function known<Value extends z.ZodType>(value: Value) {
  return z.discriminatedUnion("kind", [
    z.strictObject({ kind: z.literal("known"), value }),
    z.strictObject({ kind: z.literal("gap"), gap: gapSchema }),
    z.strictObject({ kind: z.literal("not-collected") }),
  ]);
}

const platform = z.strictObject({
  os: z.string(),
  architecture: z.string(),
  variant: z.string().optional(),
  osVersion: z.string().optional(),
});

const sightings = z.array(z.strictObject({ layer: digest, path: z.string(), note: z.string() }));

const verified = z.strictObject({
  kind: z.literal("verified"),
  signers: z.array(signerSchema),
  notBefore: z.string().optional(),
  notAfter: z.string().optional(),
  signedAt: z.array(z.string()),
  notes: z.array(z.string()),
});

const signer = signerSchema.optional();
const undetermined = z.strictObject({ kind: z.literal("undetermined"), gap: gapSchema, step: z.string(), signer });
const rejected = z.strictObject({
  kind: z.literal("rejected"),
  reason: z.string(),
  step: z.string(),
  detail: z.string(),
  signer,
});

const opinion = z.discriminatedUnion("kind", [verified, undetermined, rejected]);

const statement = z.strictObject({ digest, size: z.int(), predicateType: z.string() });
const attestationOpinion = z.discriminatedUnion("kind", [verified.extend({ statement }), undetermined, rejected]);

const signature = z.strictObject({
  scheme: z.string(),
  source: z.string(),
  via: z.string(),
  authority: z.string(),
  about: digest,
  artifact: digest,
  evidence: digest,
  opinion,
});

const source = z.strictObject({
  about: digest,
  source: z.string(),
  state: z.discriminatedUnion("kind", [
    z.strictObject({ kind: z.literal("observed"), found: z.int() }),
    z.strictObject({ kind: z.literal("gap"), gap: gapSchema }),
    z.strictObject({ kind: z.literal("not-collected") }),
  ]),
});

// Facts grow with each inspection added; within them further members may appear, so readers must bear with them.
const config = z.looseObject({
  platform,
  user: z.string(),
  entrypoint: z.array(z.string()),
  cmd: z.array(z.string()),
  workingDir: z.string(),
  labels: z.record(z.string(), z.string()),
  created: z.string().optional(),
  historyCreated: z.string().optional(),
});

const user = z.looseObject({
  configured: z.string(),
  verdict: z.enum(["root", "nonroot", "nonroot-named", "unresolvable", "invalid"]),
  uid: z.int().optional(),
  because: z.string(),
  sightings,
});

const composition = z.discriminatedUnion("kind", [
  z.looseObject({ kind: z.literal("classified"), class: z.string(), because: z.string(), sightings }),
  z.looseObject({ kind: z.literal("uninspectable"), reason: z.string(), detail: z.string() }),
]);

const hints = z.array(z.looseObject({ from: z.string(), name: z.string(), digest: digest.optional() }));

const tagSpan = z.looseObject({
  tag: z.string(),
  firstSeen: z.string(),
  lastSeen: z.string(),
  leftAt: z.string().optional(),
});

const base = z.discriminatedUnion("kind", [
  z.looseObject({
    kind: z.literal("found"),
    candidates: z.array(
      z.looseObject({
        repository: z.strictObject({ registry: z.string(), path: z.string() }),
        digest,
        index: digest.optional(),
        platform,
        tags: z.array(tagSpan),
        firstSeen: z.string(),
        depth: z.int(),
        isWhole: z.boolean(),
        changes: z.array(
          z.looseObject({
            thing: z.string(),
            sighting: z.looseObject({ layer: digest, path: z.string(), note: z.string() }),
          }),
        ),
      }),
    ),
    hints,
  }),
  z.looseObject({ kind: z.literal("unknown"), because: z.string(), hints }),
]);

const layer = z.looseObject({ digest, compressedBytes: z.number(), createdBy: z.string() });

const platformFacts = z.looseObject({
  digest,
  declared: platform.optional(),
  config: known(config),
  user: known(user),
  composition: known(composition),
  lints: z.looseObject({}),
  base: known(base),
  layers: z.array(layer),
});

/** What is proved of an image, as stored. */
export const factsSchema = z
  .looseObject({
    id: digest,
    repository: z.strictObject({ registry: z.string(), path: z.string() }),
    digest,
    shape: z.enum(["image", "index", "artifact"]),
    containedIn: z.array(digest),
    signatures: z.array(signature),
    attestations: z.array(signature.extend({ opinion: attestationOpinion })),
    sources: z.array(source),
    platforms: z.array(platformFacts),
  })
  .describe("Everything proved about one image in one repository; instants, never the word expired");
