import { baseName, type BaseFact, type TagSpan } from "../../src/domain/base-image.ts";
import type { SignatureFact } from "../../src/domain/facts.ts";
import { plus, type Instant } from "../../src/domain/instant.ts";
import { parseTag } from "../../src/domain/reference.ts";
import type { FoundCandidate } from "../../src/policy/base-candidate.ts";
import type { Bases } from "../../src/policy/rules/rule.ts";
import { digestFor, imageFacts, linux, NOW, observed, repository } from "./policy-facts.ts";

export const BASE = digestFor("the base image");

/** A tag that was there until it left, or that is still there as of just now or as of `lastSeen`. */
export function tagSpan(tag: string, leftAt?: Instant, lastSeen: Instant = leftAt ?? NOW): TagSpan {
  return { tag: parseTag(tag), firstSeen: plus(lastSeen, -86_400_000), lastSeen, leftAt };
}

/** `base.example/debian`, two layers of the image, current and untouched. */
export function baseCandidate(overrides: Partial<FoundCandidate> = {}): FoundCandidate {
  return {
    repository: repository("base.example", "debian"),
    digest: BASE,
    index: undefined,
    platform: linux("amd64"),
    tags: [tagSpan("12")],
    firstSeen: NOW,
    depth: 2,
    isWhole: false,
    changes: [],
    ...overrides,
  };
}

export function foundBase(...candidates: readonly Partial<FoundCandidate>[]): BaseFact {
  return { kind: "found", candidates: candidates.map(baseCandidate), hints: [] };
}

/** What is known of the signatures of `baseCandidate`: these, and everything was looked at. */
export function signedBase(...signatures: readonly SignatureFact[]): Bases {
  const { digest, repository } = baseCandidate();
  const facts = imageFacts({ repository, digest, signatures, sources: [observed(digest)], platforms: [] });
  return new Map([[baseName(facts), facts]]);
}
