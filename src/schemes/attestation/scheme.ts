import type { AuthoritySpec } from "../../domain/trust.ts";
import { compileProver } from "../prover.ts";
import type { AssessAttestation, AttestationScheme, Place } from "../scheme.ts";
import { assessReferred, assessTagged, guardedAttestation } from "./assess.ts";
import { assessBuildkit } from "./assess-buildkit.ts";
import { collectBuildkitAttestations } from "./collect-buildkit.ts";
import { collectReferredAttestations } from "./collect-referrers.ts";
import { collectTaggedAttestations } from "./collect-tagged.ts";
import { ATTESTATION, ATTESTATION_BUILDKIT, ATTESTATION_REFERRERS, ATTESTATION_TAG } from "./source.ts";
import { isAtHand, statementIn } from "./statement-in.ts";

const TAG: Place = { key: ATTESTATION_TAG, collect: collectTaggedAttestations, isAtHand };
const REFERRERS: Place = { key: ATTESTATION_REFERRERS, collect: collectReferredAttestations, isAtHand };
const BUILDKIT: Place = { key: ATTESTATION_BUILDKIT, collect: collectBuildkitAttestations, isAtHand };

/**
 * In-toto statements about images: cosign's under the tag `<algorithm>-<hex>.att` (sigstore/cosign, specs/ATTESTATION_SPEC.md),
 * sigstore bundles that refer to an image, and BuildKit's beside it in its index.
 */
export const attestation: AttestationScheme = {
  id: ATTESTATION,
  version: 5,
  places: [TAG, REFERRERS, BUILDKIT],
  placesOf,
  attestor,
  statementIn,
};

/** What is in an index counts by whatever signature stands on it. */
function placesOf(authority: AuthoritySpec): readonly Place[] {
  if (authority.kind !== "cosign" && authority.kind !== "keyless") return [BUILDKIT];
  const { discover } = authority;
  return [...(discover.includes("tag") ? [TAG] : []), ...(discover.includes("referrers") ? [REFERRERS] : []), BUILDKIT];
}

function attestor(authority: AuthoritySpec): AssessAttestation {
  const prover = compileProver(authority);
  const looksIn = new Set(placesOf(authority).map(({ key }) => key));
  return (evidence, target, vouched) =>
    guardedAttestation(() => {
      if (!looksIn.has(evidence.source)) return undefined;
      if (evidence.source === ATTESTATION_BUILDKIT) return assessBuildkit(evidence, target, vouched);
      if (prover === undefined) return undefined;
      return evidence.source === ATTESTATION_TAG
        ? assessTagged(prover, evidence, target)
        : assessReferred(prover, evidence, target);
    });
}
