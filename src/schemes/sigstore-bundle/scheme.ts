import type { AuthoritySpec } from "../../domain/trust.ts";
import { compileProver } from "../prover.ts";
import type { Assess, Place, SignatureScheme } from "../scheme.ts";
import { assessBundle } from "./assess.ts";
import { collectBundles } from "./collect.ts";
import { BUNDLE_REFERRERS, SIGSTORE_BUNDLE } from "./source.ts";

const REFERRERS: Place = { key: BUNDLE_REFERRERS, collect: collectBundles };

/** Sigstore bundles that refer to an image, signed by keys or by certificates (sigstore/cosign, specs/BUNDLE_SPEC.md; as cosign 3 writes). */
export const sigstoreBundle: SignatureScheme = {
  id: SIGSTORE_BUNDLE,
  version: 5,
  places: [REFERRERS],
  placesOf: (authority) => (looksHere(authority) ? [REFERRERS] : []),
  authority: (authority) => (looksHere(authority) ? assess(authority) : undefined),
};

function assess(authority: AuthoritySpec): Assess | undefined {
  const prover = compileProver(authority);
  return prover && assessBundle(prover);
}

function looksHere(authority: AuthoritySpec): boolean {
  return (authority.kind === "cosign" || authority.kind === "keyless") && authority.discover.includes("referrers");
}
