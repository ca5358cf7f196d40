import type { AuthorityName } from "./trust.ts";

/** How deep the layers must be read: a numeric USER is judged from the configuration, a name needs the image's passwd. */
export type LayerNeed = "never" | "if-user-named" | "always";

/** What the policies in force mention of an image; nothing else has to be collected for them. */
export type Needs = {
  readonly authorities: readonly AuthorityName[];
  /** Those whose attestations are asked for, which need not be the same. */
  readonly attesters: readonly AuthorityName[];
  readonly layers: LayerNeed;
};

const DEPTH: readonly LayerNeed[] = ["never", "if-user-named", "always"];

export const NO_NEEDS: Needs = { authorities: [], attesters: [], layers: "never" };

/** Both needs at once. */
export function joinNeeds(a: Needs, b: Needs): Needs {
  return {
    authorities: [...new Set([...a.authorities, ...b.authorities])],
    attesters: [...new Set([...a.attesters, ...b.attesters])],
    layers: DEPTH.indexOf(a.layers) >= DEPTH.indexOf(b.layers) ? a.layers : b.layers,
  };
}
