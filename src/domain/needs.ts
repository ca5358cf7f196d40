import { isPredicateType } from "./predicate-type.ts";
import type { AuthorityName } from "./trust.ts";

/** How deep the layers must be read: a numeric USER is judged from the configuration, a name needs the image's passwd. */
export type LayerNeed = "never" | "if-user-named" | "always";

/**
 * What is to be known of statements of one predicate type by these attesters: members by name from the statement down, such
 * as `predicate.scanner.result`, each with all below it; `predicate` is all of it.
 */
export type StatementNeed = {
  readonly attesters: readonly AuthorityName[];
  readonly predicateType: string;
  readonly paths: readonly string[];
};

/** What the policies in force mention of an image; nothing else has to be collected for them. */
export type Needs = {
  readonly authorities: readonly AuthorityName[];
  /** Those whose attestations are asked for, which need not be the same. */
  readonly attesters: readonly AuthorityName[];
  readonly layers: LayerNeed;
  readonly statements: readonly StatementNeed[];
  /** Whether the catalogue of base images is asked. */
  readonly bases: boolean;
  /** Those who must have signed the base image. */
  readonly baseSigners: readonly AuthorityName[];
};

const DEPTH: readonly LayerNeed[] = ["never", "if-user-named", "always"];

export const NO_NEEDS: Needs = {
  authorities: [],
  attesters: [],
  layers: "never",
  statements: [],
  bases: false,
  baseSigners: [],
};

/** Everybody whose word is asked for, be it a signature, an attestation or a signature of the base image. */
export function askedOf({ authorities, attesters, baseSigners }: Needs): readonly AuthorityName[] {
  return [...new Set([...authorities, ...attesters, ...baseSigners])];
}

/** Both needs at once. */
export function joinNeeds(a: Needs, b: Needs): Needs {
  return {
    authorities: [...new Set([...a.authorities, ...b.authorities])],
    attesters: [...new Set([...a.attesters, ...b.attesters])],
    layers: DEPTH.indexOf(a.layers) >= DEPTH.indexOf(b.layers) ? a.layers : b.layers,
    statements: [...a.statements, ...b.statements],
    bases: a.bases || b.bases,
    baseSigners: [...new Set([...a.baseSigners, ...b.baseSigners])],
  };
}

/** What is asked of statements of this predicate type, whoever made them; nothing for a type that is not known. */
export function pathsFor(needs: readonly StatementNeed[], predicateType: string | undefined): readonly string[] {
  const asked = needs
    .filter((need) => isPredicateType(need.predicateType, predicateType))
    .flatMap(({ paths }) => paths);
  return [...new Set(asked)].sort();
}

/** Whether what was kept for some paths holds all that others lead to. */
export function coversPaths(kept: readonly string[], paths: readonly string[]): boolean {
  return paths.every((path) => kept.some((each) => path === each || path.startsWith(`${each}.`)));
}
