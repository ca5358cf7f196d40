import { compileKeyAuthority } from "../key-authority.ts";
import type { AuthoritySpec } from "../../domain/trust.ts";
import type { Place, SignatureScheme } from "../scheme.ts";
import { assessBundle } from "./assess.ts";
import { collectBundles } from "./collect.ts";
import { BUNDLE_REFERRERS, SIGSTORE_BUNDLE } from "./source.ts";

const REFERRERS: Place = { key: BUNDLE_REFERRERS, collect: collectBundles };

/** Sigstore bundles that refer to an image, signed by keys (sigstore/cosign, specs/BUNDLE_SPEC.md; as cosign 3 writes). */
export const sigstoreBundle: SignatureScheme = {
  id: SIGSTORE_BUNDLE,
  version: 3,
  places: [REFERRERS],
  placesOf: (authority) => (looksHere(authority) ? [REFERRERS] : []),
  authority: (authority) =>
    authority.kind === "cosign" && looksHere(authority) ? assessBundle(compileKeyAuthority(authority)) : undefined,
};

function looksHere(authority: AuthoritySpec): boolean {
  return authority.kind === "cosign" && authority.discover.includes("referrers");
}
