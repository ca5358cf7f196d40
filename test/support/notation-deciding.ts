import assert from "node:assert/strict";

import type { Digest } from "../../src/domain/digest.ts";
import type { SourceKey } from "../../src/domain/evidence.ts";
import type { Instant } from "../../src/domain/instant.ts";
import type { PolicySet } from "../../src/domain/policy.ts";
import type { ImageSource } from "../../src/ports/image-source.ts";
import { answer, imageFacts, judged, observed, platformFacts, policyYaml, signature } from "./policy-facts.ts";
import { judgeAll, targetOf } from "./signing/judging.ts";

const SOURCE = "notation:referrers" as SourceKey;

/** An authority `a` by a trust policy with its store, and a policy that asks for its signature. */
export function trustPolicyYaml(members = "trustPolicy: trustpolicy.json, trustStore: truststore"): string {
  const authority = `apiVersion: assay.dev/v1alpha1\nkind: Authority\nmetadata: { name: a }\nspec:\n  notation: { ${members} }`;
  return `${authority}\n---\n${policyYaml(["signed: { by: a }"])}`;
}

/**
 * Collects a digest's signatures, judges them under the set's first authority, and lets the policy engine decide at an
 * instant: `deny wrongly-signed`, and what became of each signature.
 */
export async function decideAt(
  set: PolicySet,
  images: ImageSource,
  { repository, digest }: { readonly repository: string; readonly digest: Digest },
  at: Instant,
): Promise<{ readonly said: string; readonly tried: readonly string[] }> {
  const spec = set.authorities[0]?.spec;
  assert.ok(spec !== undefined);
  const opinions = await judgeAll(images, targetOf(digest, `${repository}@${digest}`), spec);
  const signatures = opinions.map((opinion) => signature("a", opinion, digest, SOURCE));
  const platforms = [platformFacts({ digest })];
  const facts = imageFacts({ digest, signatures, platforms, sources: [observed(digest, SOURCE)] });
  return {
    said: answer(judged(set, facts, { at, sourcesOf: () => [SOURCE] })),
    tried: opinions.map((opinion) => (opinion.kind === "rejected" ? opinion.reason : opinion.kind)).toSorted(),
  };
}
