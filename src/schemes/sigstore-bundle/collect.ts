import type { Descriptor } from "../../domain/descriptor.ts";
import type { SignatureEvidence } from "../../domain/evidence.ts";
import { InputError, PortError } from "../../domain/errors.ts";
import type { Document } from "../../domain/subject.ts";
import { signatureEvidence } from "../evidence.ts";
import { inParallel } from "../in-parallel.ts";
import { MAX_SIGNATURE_BYTES, MAX_TOTAL_BYTES } from "../limits.ts";
import { candidatesAmong, referrersOf } from "../referrer-candidates.ts";
import type { Sources, Target } from "../scheme.ts";
import { mayBeBundle, readBundleManifest } from "./bundle-manifest.ts";
import { BUNDLE_REFERRERS, SIGSTORE_BUNDLE } from "./source.ts";

/** One referrer as far as it was followed: its manifest if the registry has it, its bundle if that is worth fetching. */
type Found = {
  readonly listed: Descriptor;
  readonly manifest: Document | undefined;
  readonly layer: Descriptor | undefined;
};

/** Every bundle among a digest's referrers, one piece of evidence each: the manifest, and the bundle if it was fetched. */
export async function collectBundles(
  target: Target,
  sources: Sources,
  signal: AbortSignal,
): Promise<readonly SignatureEvidence[]> {
  const wanted = { mayBe: mayBeBundle, noun: "bundles" };
  const { via, descriptors } = await candidatesAmong(wanted, target, sources, signal);
  const followed = await inParallel(descriptors, (listed) => follow(listed, target, sources, signal));
  const found = followed.filter((each) => each !== undefined);
  const total = found.reduce((sum, { layer }) => sum + (layer?.size ?? 0), 0);
  if (total > MAX_TOTAL_BYTES) {
    const detail = `bundles of ${total} bytes, more than the ${MAX_TOTAL_BYTES} allowed`;
    throw new PortError("too-large", referrersOf(target), detail);
  }
  return await inParallel(found, async (each) => {
    const bundle =
      each.layer === undefined
        ? undefined
        : await sources.images.blob(target.repository, each.layer, MAX_SIGNATURE_BYTES, signal);
    return evidenceOf(each, bundle, target, via);
  });
}

/** `undefined` for a referrer that turns out to be something else. */
async function follow(
  listed: Descriptor,
  target: Target,
  sources: Sources,
  signal: AbortSignal,
): Promise<Found | undefined> {
  const manifest = await sources.images.manifest(target.repository, listed.digest, signal);
  if (manifest === undefined) return { listed, manifest, layer: undefined };
  const read = tryReading(manifest, target);
  if (read?.kind === "other") return undefined;
  return { listed, manifest, layer: read?.kind === "bundle" ? read.layer : undefined };
}

/** A manifest that cannot be read is itself the evidence, and says why when it is judged. */
function tryReading(manifest: Document, target: Target): ReturnType<typeof readBundleManifest> | undefined {
  try {
    return readBundleManifest(manifest, target.digest);
  } catch (error) {
    if (error instanceof InputError) return undefined;
    throw error;
  }
}

function evidenceOf(
  { listed, manifest, layer }: Found,
  bundle: Document | undefined,
  target: Target,
  via: string,
): SignatureEvidence {
  const absent = layer !== undefined && bundle === undefined ? layer.digest : undefined;
  return signatureEvidence({
    scheme: SIGSTORE_BUNDLE,
    source: BUNDLE_REFERRERS,
    about: target.digest,
    artifact: manifest?.descriptor ?? listed,
    part: 0,
    via,
    documents: [manifest, bundle].filter((document) => document !== undefined),
    missing: manifest === undefined ? listed.digest : absent,
    gaps: [],
  });
}
