import type { Signer } from "../domain/facts.ts";
import type { JsonValue } from "../domain/json.ts";
import { rejected, type Rejection } from "./opinion.ts";
import type { Target } from "./scheme.ts";
import { quoted } from "../domain/quoted.ts";
import type { IdentityProblem } from "./signed-identity.ts";

/** What a good signature says of an image, whatever document said it. */
export type ImageClaim = {
  /** Digests it vouches for, as `sha256:…`. */
  readonly digests: readonly string[];
  /** The name it was signed under; bundles of cosign 3 have none. */
  readonly name: string | undefined;
  readonly annotations: ReadonlyMap<string, JsonValue>;
};

/** What an authority asks of what was signed, whoever signed it. */
export type ClaimRules = {
  readonly annotations: Readonly<Record<string, string>>;
  readonly identityProblem: IdentityProblem | undefined;
};

/** Steps `identity`, `subject` and `predicate` of a signature that is known to be good. `undefined` if it counts. */
export function judgeClaim(
  claim: ImageClaim,
  target: Target,
  authority: ClaimRules,
  signer: Signer | undefined,
): Rejection | undefined {
  if (authority.identityProblem !== undefined) {
    if (claim.name === undefined) {
      return rejected(
        "identity",
        "wrong-identity",
        "the signature names no image, and signedIdentity asks for a name",
        signer,
      );
    }
    const problem = authority.identityProblem(claim.name, target.requested);
    if (problem !== undefined) return rejected("identity", "wrong-identity", problem, signer);
  }
  if (!claim.digests.includes(target.digest)) {
    const named = claim.digests
      .slice(0, 3)
      .map((digest) => quoted(digest, 160))
      .join(", ");
    return rejected(
      "subject",
      "wrong-subject",
      `the signature is good, but for ${named}, not for ${target.digest}`,
      signer,
    );
  }
  const wrong = Object.entries(authority.annotations).find(([name, value]) => claim.annotations.get(name) !== value);
  if (wrong === undefined) return undefined;
  const found = claim.annotations.get(wrong[0]);
  const seen = typeof found === "string" ? quoted(found, 80) : found === undefined ? "nothing" : "no string";
  return rejected(
    "predicate",
    "annotation-mismatch",
    `the signature says ${seen} for "${wrong[0]}", not "${wrong[1]}"`,
    signer,
  );
}
