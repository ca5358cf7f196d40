import type { AuthoritySpec } from "../../domain/trust.ts";
import { compileProver } from "../prover.ts";
import type { Assess, Place, SignatureScheme } from "../scheme.ts";
import { assessTagged } from "./assess.ts";
import { collectTagged } from "./collect.ts";
import { COSIGN, COSIGN_TAG } from "./source.ts";

const TAG: Place = { key: COSIGN_TAG, collect: collectTagged };

/** cosign's signatures under the tag `<algorithm>-<hex>.sig`, by keys or by certificates (sigstore/cosign, specs/SIGNATURE_SPEC.md). */
export const cosign: SignatureScheme = {
  id: COSIGN,
  version: 5,
  places: [TAG],
  placesOf: (authority) => (looksHere(authority) ? [TAG] : []),
  authority: (authority) => (looksHere(authority) ? assess(authority) : undefined),
};

function assess(authority: AuthoritySpec): Assess | undefined {
  const prover = compileProver(authority);
  return prover && assessTagged(prover);
}

function looksHere(authority: AuthoritySpec): boolean {
  return (authority.kind === "cosign" || authority.kind === "keyless") && authority.discover.includes("tag");
}
