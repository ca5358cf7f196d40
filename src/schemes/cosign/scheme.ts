import { compileKeyAuthority } from "../key-authority.ts";
import type { SignatureScheme } from "../scheme.ts";
import { assessTagged } from "./assess.ts";
import { collectTagged } from "./collect.ts";
import { COSIGN, COSIGN_TAG } from "./source.ts";

/** cosign's signatures under the tag `<algorithm>-<hex>.sig`, by keys (sigstore/cosign, specs/SIGNATURE_SPEC.md). */
export const cosign: SignatureScheme = {
  id: COSIGN,
  version: 2,
  places: [COSIGN_TAG],
  sources: (authority) => {
    switch (authority.kind) {
      case "cosign":
        return authority.discover.includes("tag") ? [COSIGN_TAG] : [];
    }
  },
  collect: (_source, target, sources, signal) => collectTagged(target, sources, signal),
  authority: (authority) => {
    switch (authority.kind) {
      case "cosign":
        return authority.discover.includes("tag") ? assessTagged(compileKeyAuthority(authority)) : undefined;
    }
  },
};
