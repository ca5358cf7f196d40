import type { Descriptor } from "../../domain/descriptor.ts";
import type { SignatureEvidence } from "../../domain/evidence.ts";
import { followReferrers, referrerEvidence, type FollowedReferrer } from "../followed-referrer.ts";
import type { Sources, Target } from "../scheme.ts";
import {
  mayBeBundle,
  readBundleReferrer,
  SIGN_PREDICATE,
  type BundleReferrer,
} from "../sigstore-bundle/bundle-manifest.ts";
import { fetchCarriers, isReadable } from "./carriers.ts";
import { ATTESTATION, ATTESTATION_REFERRERS } from "./source.ts";

const BUNDLES = { mayBe: mayBeBundle, noun: "bundles", read: readBundleReferrer };

/**
 * Every bundle among a digest's referrers that does not call itself an image signature: the manifest, and the bundle if it
 * was fetched. A signature that does not say so is left out when it is judged.
 */
export async function collectReferredAttestations(
  target: Target,
  sources: Sources,
  signal: AbortSignal,
): Promise<readonly SignatureEvidence[]> {
  const { via, followed } = await followReferrers(BUNDLES, target, sources, signal);
  const found = followed.filter(({ read }) => read?.predicateType !== SIGN_PREDICATE);
  const carrierOf = await fetchCarriers(found.flatMap(readableLayers), "bundle", { target, sources, signal });
  const place = { scheme: ATTESTATION, source: ATTESTATION_REFERRERS, about: target.digest, via };
  return found.map((each) => {
    const [layer] = readableLayers(each);
    const carrier = layer && carrierOf(layer);
    const missing = carrier === undefined ? layer?.digest : undefined;
    return referrerEvidence(each, place, { documents: [carrier], missing, gaps: [] });
  });
}

/** The bundle's layer, if that can be told and is to be fetched. */
function readableLayers({ read }: FollowedReferrer<BundleReferrer>): readonly Descriptor[] {
  return read?.kind === "bundle" && isReadable(read.layer) ? [read.layer] : [];
}
