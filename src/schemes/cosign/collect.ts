import type { SignatureEvidence } from "../../domain/evidence.ts";
import { InputError } from "../../domain/errors.ts";
import type { Document } from "../../domain/subject.ts";
import { cosignTag } from "../cosign-tag.ts";
import { inParallel } from "../in-parallel.ts";
import { candidatesAmong } from "../referrer-candidates.ts";
import type { Sources, Target } from "../scheme.ts";
import { collectLayers, lost, remark, type Found } from "./collect-layers.ts";
import {
  mayBeSignatures,
  readSignatureReferrer,
  SIGNATURE_ARTIFACT,
  type SignatureReferrer,
} from "./signature-referrer.ts";
import { COSIGN_REFERRERS, COSIGN_TAG } from "./source.ts";

/** Every signature of a digest's `.sig` tag. One request for the manifest and one for each distinct payload. */
export async function collectTagged(
  target: Target,
  sources: Sources,
  signal: AbortSignal,
): Promise<readonly SignatureEvidence[]> {
  const tag = cosignTag(target.digest, "sig");
  if (tag === undefined) return [];
  const manifest = await sources.images.resolve({ kind: "tag", repository: target.repository, tag }, signal);
  if (manifest === undefined) return [];
  const found: Found = { source: COSIGN_TAG, via: "tag", keepsManifest: false };
  return await collectLayers([manifest], found, { target, sources, signal });
}

/** Every signature in manifests of the same form that refer to a digest (cosign 2, `--registry-referrers-mode=oci-1-1`). */
export async function collectReferred(
  target: Target,
  sources: Sources,
  signal: AbortSignal,
): Promise<readonly SignatureEvidence[]> {
  const wanted = { mayBe: mayBeSignatures, noun: "signatures" };
  const { via, descriptors } = await candidatesAmong(wanted, target, sources, signal);
  const look = { target, sources, signal };
  const found: Found = { source: COSIGN_REFERRERS, via, keepsManifest: true };
  const followed = await inParallel(descriptors, async (listed) => {
    const manifest = await sources.images.manifest(target.repository, listed.digest, signal);
    return { listed, manifest, read: manifest && tryReading(manifest, target)?.kind };
  });
  const good = followed.flatMap(({ manifest, read }) => (manifest && read === "signatures" ? [manifest] : []));
  const odd = followed.flatMap(({ listed, manifest, read }) => {
    // Of one listed without a type nothing shows that it is cosign's; the look for bundles tells of it.
    const isOurs = read === "wrong-subject" || (read === undefined && listed.artifactType === SIGNATURE_ARTIFACT);
    if (!isOurs) return [];
    return [manifest === undefined ? lost(listed, found, look) : remark(manifest, found, look)];
  });
  return [...(await collectLayers(good, found, look)), ...odd];
}

/** A manifest that cannot be read is itself the evidence, and says why when it is judged. */
function tryReading(manifest: Document, target: Target): SignatureReferrer | undefined {
  try {
    return readSignatureReferrer(manifest, target.digest);
  } catch (error) {
    if (error instanceof InputError) return undefined;
    throw error;
  }
}
