import { NO_NEEDS } from "../../domain/needs.ts";
import { parseDigest, type Digest } from "../../domain/digest.ts";
import { satisfied, violated, type Judgement } from "../judgement.ts";
import { parsed, some, struct } from "../schema.ts";
import type { Case, RuleDefinition, RuleOf } from "./rule.ts";

const schema = struct({ digests: some(parsed(parseDigest)) }).transform(({ digests }): RuleOf<"pinned"> => ({
  kind: "pinned",
  digests,
}));

/** A pinned index names its members by digest, so a member asked for by itself is as pinned as the index. */
function judge({ digests }: RuleOf<"pinned">, { facts, image }: Case): Judgement {
  const named = (digest: Digest): boolean => digests.includes(digest);
  const byWhole = [facts.digest, ...facts.containedIn].find(named);
  if (byWhole !== undefined) return satisfied(`${image} is pinned by ${byWhole}.`);
  if (facts.platforms.length > 0 && facts.platforms.every(({ digest }) => named(digest))) {
    return satisfied(`${image} is pinned: every platform of it is among the named digests.`);
  }
  const message = `${image} has the digest ${facts.digest}, which is not among the ${digests.length} that this policy names. Deploy a named digest, or add this one after review.`;
  return violated("not-pinned", message);
}

/** The image is one of those named by digest. */
export const pinned: RuleDefinition<"pinned"> = {
  kind: "pinned",
  schema,
  needs: () => NO_NEEDS,
  judge,
  explain: ({ digests }) => `has one of these digests: ${digests.join(", ")}`,
};
