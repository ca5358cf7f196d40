import type { AuthoritySpec } from "../../domain/trust.ts";
import { compileProver } from "../prover.ts";
import type { Assess, Place, SignatureScheme } from "../scheme.ts";
import { assessLayer } from "./assess.ts";
import { collectReferred, collectTagged } from "./collect.ts";
import { COSIGN, COSIGN_REFERRERS, COSIGN_TAG } from "./source.ts";

const TAG: Place = { key: COSIGN_TAG, collect: collectTagged };
const REFERRERS: Place = { key: COSIGN_REFERRERS, collect: collectReferred };

/**
 * cosign's signatures as layers of a manifest, by keys or by certificates (sigstore/cosign, specs/SIGNATURE_SPEC.md): under
 * the tag `<algorithm>-<hex>.sig`, or referring to the image.
 */
export const cosign: SignatureScheme = {
  id: COSIGN,
  version: 6,
  places: [TAG, REFERRERS],
  placesOf,
  authority,
};

function placesOf(spec: AuthoritySpec): readonly Place[] {
  if (spec.kind !== "cosign" && spec.kind !== "keyless") return [];
  const { discover } = spec;
  return [...(discover.includes("tag") ? [TAG] : []), ...(discover.includes("referrers") ? [REFERRERS] : [])];
}

function authority(spec: AuthoritySpec): Assess | undefined {
  const prover = compileProver(spec);
  if (prover === undefined) return undefined;
  const looksIn = new Set(placesOf(spec).map(({ key }) => key));
  const assess = assessLayer(prover);
  return (evidence, target) => (looksIn.has(evidence.source) ? assess(evidence, target) : undefined);
}
