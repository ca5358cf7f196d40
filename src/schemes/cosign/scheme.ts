import { compileKeyAuthority } from "../key-authority.ts";
import type { AuthoritySpec } from "../../domain/trust.ts";
import type { Place, SignatureScheme } from "../scheme.ts";
import { assessTagged } from "./assess.ts";
import { collectTagged } from "./collect.ts";
import { COSIGN, COSIGN_TAG } from "./source.ts";

const TAG: Place = { key: COSIGN_TAG, collect: collectTagged };

/** cosign's signatures under the tag `<algorithm>-<hex>.sig`, by keys (sigstore/cosign, specs/SIGNATURE_SPEC.md). */
export const cosign: SignatureScheme = {
  id: COSIGN,
  version: 3,
  places: [TAG],
  placesOf: (authority) => (looksHere(authority) ? [TAG] : []),
  authority: (authority) =>
    authority.kind === "cosign" && looksHere(authority) ? assessTagged(compileKeyAuthority(authority)) : undefined,
};

function looksHere(authority: AuthoritySpec): boolean {
  return authority.kind === "cosign" && authority.discover.includes("tag");
}
