import { compileKeyAuthority } from "../key-authority.ts";
import type { SignatureScheme } from "../scheme.ts";
import { assessBundle } from "./assess.ts";
import { collectBundles } from "./collect.ts";
import { BUNDLE_REFERRERS, SIGSTORE_BUNDLE } from "./source.ts";

/** Sigstore bundles that refer to an image, signed by keys (sigstore/cosign, specs/BUNDLE_SPEC.md; as cosign 3 writes). */
export const sigstoreBundle: SignatureScheme = {
  id: SIGSTORE_BUNDLE,
  version: 2,
  places: [BUNDLE_REFERRERS],
  sources: (authority) => {
    switch (authority.kind) {
      case "cosign":
        return authority.discover.includes("referrers") ? [BUNDLE_REFERRERS] : [];
    }
  },
  collect: (_source, target, sources, signal) => collectBundles(target, sources, signal),
  authority: (authority) => {
    switch (authority.kind) {
      case "cosign":
        return authority.discover.includes("referrers") ? assessBundle(compileKeyAuthority(authority)) : undefined;
    }
  },
};
