import { baseName, type BaseFact, type CatalogueEntry } from "../domain/base-image.ts";
import { parseDigest } from "../domain/digest.ts";
import type { SourceKey } from "../domain/evidence.ts";
import type { SignatureFact } from "../domain/facts.ts";
import { known, NOT_COLLECTED, type Known } from "../domain/gap.ts";
import { plus, type Instant } from "../domain/instant.ts";
import type { Platform } from "../domain/platform.ts";
import { parseTag } from "../domain/reference.ts";
import type { Given } from "./policy-test-document.ts";
import type { Bases } from "./rules/rule.ts";

type GivenBase = Exclude<NonNullable<Given["base"]>, "unknown">;
type GivenSignature = NonNullable<Given["signedBy"]>[number];

const BECAUSE = "given by the policy test";

/** Made up, and apart from those of the image's parts. */
const BASE_DIGEST = parseDigest(`sha256:${"ba5e".padEnd(64, "0")}`);

/** What an image that does not exist was built on, two layers of three. */
export function syntheticBase({ base }: Given, platform: Platform, at: Instant): Known<BaseFact> {
  if (base === undefined) return NOT_COLLECTED;
  if (base === "unknown") return known({ kind: "unknown", because: BECAUSE, hints: [] });
  const sighting = { layer: BASE_DIGEST, path: "given", note: BECAUSE };
  const changes = base.changes.map((thing) => ({ thing, sighting }));
  const candidate = { ...entryOf(base, platform, at), depth: 2, isWhole: false, changes };
  return known({ kind: "found", candidates: [candidate], hints: [] });
}

function entryOf({ age, repository, tagged }: GivenBase, platform: Platform, at: Instant): CatalogueEntry {
  const leftAt = age === undefined ? undefined : plus(at, -age);
  const seen = leftAt ?? at;
  const tags = tagged ? [{ tag: parseTag("given"), firstSeen: seen, lastSeen: seen, leftAt }] : [];
  return { repository, digest: BASE_DIGEST, index: undefined, platform, tags, firstSeen: seen };
}

/** What is known of its signatures: nothing, unless the test says who signed it. */
export function syntheticBases(
  { base }: Given,
  source: SourceKey,
  signatureOf: (signature: GivenSignature, about: typeof BASE_DIGEST) => SignatureFact,
): Bases {
  if (base === undefined || base === "unknown" || base.signedBy === undefined) return new Map();
  const { repository, signedBy } = base;
  const facts = {
    id: BASE_DIGEST,
    repository,
    digest: BASE_DIGEST,
    shape: "image",
    containedIn: [],
    signatures: signedBy.map((signature) => signatureOf(signature, BASE_DIGEST)),
    attestations: [],
    sources: [{ about: BASE_DIGEST, source, state: { kind: "observed", found: signedBy.length } }],
    platforms: [],
  } as const;
  return new Map([[baseName(facts), facts]]);
}
