import type { SignatureEvidence } from "../../domain/evidence.ts";
import { cosignTag } from "../cosign-tag.ts";
import { followReferrers } from "../followed-referrer.ts";
import type { Sources, Target } from "../scheme.ts";
import { collectLayers, lost, remark, type Found } from "./collect-layers.ts";
import { mayBeSignatures, readSignatureReferrer, SIGNATURE_ARTIFACT } from "./signature-referrer.ts";
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

const SIGNATURES = { mayBe: mayBeSignatures, noun: "signatures", read: readSignatureReferrer };

/** Every signature in manifests of the same form that refer to a digest (cosign 2, `--registry-referrers-mode=oci-1-1`). */
export async function collectReferred(
  target: Target,
  sources: Sources,
  signal: AbortSignal,
): Promise<readonly SignatureEvidence[]> {
  const { via, followed } = await followReferrers(SIGNATURES, target, sources, signal);
  const look = { target, sources, signal };
  const found: Found = { source: COSIGN_REFERRERS, via, keepsManifest: true };
  const good = followed.flatMap(({ manifest, read }) => (manifest && read?.kind === "signatures" ? [manifest] : []));
  const odd = followed.flatMap(({ listed, manifest, read }) => {
    // Of one listed without a type nothing shows that it is cosign's; the look for bundles tells of it.
    const isOurs = read?.kind === "wrong-subject" || (read === undefined && listed.artifactType === SIGNATURE_ARTIFACT);
    if (!isOurs) return [];
    return [manifest === undefined ? lost(listed, found, look) : remark(manifest, found, look)];
  });
  return [...(await collectLayers(good, found, look)), ...odd];
}
