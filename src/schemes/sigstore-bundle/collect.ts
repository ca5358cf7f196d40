import type { Descriptor } from "../../domain/descriptor.ts";
import type { SignatureEvidence } from "../../domain/evidence.ts";
import { followReferrers, referrerEvidence, refuseTooLarge, type FollowedReferrer } from "../followed-referrer.ts";
import { inParallel } from "../in-parallel.ts";
import { MAX_SIGNATURE_BYTES } from "../limits.ts";
import type { Sources, Target } from "../scheme.ts";
import { mayBeBundle, readBundleManifest, type BundleManifest } from "./bundle-manifest.ts";
import { BUNDLE_REFERRERS, SIGSTORE_BUNDLE } from "./source.ts";

const BUNDLES = { mayBe: mayBeBundle, noun: "bundles", read: readBundleManifest };

/** Every bundle among a digest's referrers, one piece of evidence each: the manifest, and the bundle if it was fetched. */
export async function collectBundles(
  target: Target,
  sources: Sources,
  signal: AbortSignal,
): Promise<readonly SignatureEvidence[]> {
  const { via, followed } = await followReferrers(BUNDLES, target, sources, signal);
  refuseTooLarge(followed.flatMap(wantedLayers), "bundles", target);
  const place = { scheme: SIGSTORE_BUNDLE, source: BUNDLE_REFERRERS, about: target.digest, via };
  return await inParallel(followed, async (each) => {
    const [layer] = wantedLayers(each);
    const bundle = layer && (await sources.images.blob(target.repository, layer, MAX_SIGNATURE_BYTES, signal));
    const missing = bundle === undefined ? layer?.digest : undefined;
    return referrerEvidence(each, place, { documents: [bundle], missing, gaps: [] });
  });
}

/** The bundle's layer, if it is worth fetching. */
function wantedLayers({ read }: FollowedReferrer<BundleManifest>): readonly Descriptor[] {
  return read?.kind === "bundle" ? [read.layer] : [];
}
