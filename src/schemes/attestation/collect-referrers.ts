import type { Descriptor } from "../../domain/descriptor.ts";
import type { SignatureEvidence } from "../../domain/evidence.ts";
import { InputError } from "../../domain/errors.ts";
import type { Document } from "../../domain/subject.ts";
import { signatureEvidence } from "../evidence.ts";
import { inParallel } from "../in-parallel.ts";
import { candidatesAmong } from "../referrer-candidates.ts";
import type { Sources, Target } from "../scheme.ts";
import { mayBeBundle, readBundleReferrer, SIGN_PREDICATE } from "../sigstore-bundle/bundle-manifest.ts";
import { fetchCarriers, isReadable } from "./carriers.ts";
import { ATTESTATION, ATTESTATION_REFERRERS } from "./source.ts";

/** One referrer as far as it was followed: its manifest if the registry has it, its bundle's layer if that can be told. */
type Found = {
  readonly listed: Descriptor;
  readonly manifest: Document | undefined;
  readonly layer: Descriptor | undefined;
};

/**
 * Every bundle among a digest's referrers that does not call itself an image signature: the manifest, and the bundle if it
 * was fetched. A signature that does not say so is left out when it is judged.
 */
export async function collectReferredAttestations(
  target: Target,
  sources: Sources,
  signal: AbortSignal,
): Promise<readonly SignatureEvidence[]> {
  const wanted = { mayBe: mayBeBundle, noun: "bundles" };
  const { via, descriptors } = await candidatesAmong(wanted, target, sources, signal);
  const followed = await inParallel(descriptors, async (listed) =>
    follow(listed, await sources.images.manifest(target.repository, listed.digest, signal), target),
  );
  const found = followed.filter((each) => each !== undefined);
  const layers = found.flatMap(({ layer }) => (layer !== undefined && isReadable(layer) ? [layer] : []));
  const carrierOf = await fetchCarriers(layers, "bundle", { target, sources, signal });
  return found.map(({ listed, manifest, layer }) => {
    const isFetched = layer !== undefined && isReadable(layer);
    const carrier = isFetched ? carrierOf(layer) : undefined;
    const absent = isFetched && carrier === undefined ? layer.digest : undefined;
    return signatureEvidence({
      scheme: ATTESTATION,
      source: ATTESTATION_REFERRERS,
      about: target.digest,
      artifact: manifest?.descriptor ?? listed,
      part: 0,
      via,
      documents: [manifest, carrier].filter((document) => document !== undefined),
      missing: manifest === undefined ? listed.digest : absent,
      gaps: [],
    });
  });
}

/** `undefined` for what is no attestation. A manifest that cannot be read is evidence, and says why when it is judged. */
function follow(listed: Descriptor, manifest: Document | undefined, target: Target): Found | undefined {
  if (manifest === undefined) return { listed, manifest, layer: undefined };
  const read = tryReading(manifest, target);
  if (read?.kind === "other" || read?.predicateType === SIGN_PREDICATE) return undefined;
  return { listed, manifest, layer: read?.kind === "bundle" ? read.layer : undefined };
}

function tryReading(manifest: Document, target: Target): ReturnType<typeof readBundleReferrer> | undefined {
  try {
    return readBundleReferrer(manifest, target.digest);
  } catch (error) {
    if (error instanceof InputError) return undefined;
    throw error;
  }
}
