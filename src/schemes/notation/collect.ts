import type { Certificate } from "../../crypto/certificate.ts";
import type { SignatureEvidence } from "../../domain/evidence.ts";
import type { Document } from "../../domain/subject.ts";
import { followReferrers, referrerEvidence, refuseTooLarge, type FollowedReferrer } from "../followed-referrer.ts";
import { inParallel } from "../in-parallel.ts";
import { MAX_SIGNATURE_BYTES } from "../limits.ts";
import type { Sources, Target } from "../scheme.ts";
import { thumbprintOf } from "./certificate-subject.ts";
import type { RevocationEvidence } from "./revocation-port.ts";
import { mayBeSignature, readSignatureManifest, type SignatureManifest } from "./signature-manifest.ts";
import { NOTATION, NOTATION_REFERRERS } from "./source.ts";

const SIGNATURES = { mayBe: mayBeSignature, noun: "signatures", read: readSignatureManifest };

type Found = FollowedReferrer<SignatureManifest>;
type Signature = Extract<SignatureManifest, { readonly kind: "signature" }>;

/** The chains whose revocation is to be looked up for a signature; what they are is for an authority to say. */
export type RevocationLook = {
  readonly chains: (
    envelope: Document,
    thumbprints: readonly string[],
    target: Target,
  ) => readonly (readonly Certificate[])[];
  readonly collect: (
    chain: readonly Certificate[],
    sources: Sources,
    signal: AbortSignal,
  ) => Promise<RevocationEvidence>;
};

const NOTHING: RevocationEvidence = { documents: [], gaps: [] };

/**
 * Every signature among a digest's referrers, one piece of evidence each: its manifest, the manifest it is about, its
 * envelope, and answers about revocation where they are looked for.
 */
export async function collectSignatures(
  target: Target,
  sources: Sources,
  signal: AbortSignal,
  revocation: RevocationLook | undefined,
): Promise<readonly SignatureEvidence[]> {
  const { via, followed } = await followReferrers(SIGNATURES, target, sources, signal);
  refuseTooLarge(
    followed.flatMap((each) => signatureIn(each)?.layer ?? []),
    "envelopes",
    target,
  );
  if (followed.length === 0) return [];
  const about = await sources.images.manifest(target.repository, target.digest, signal);
  return await inParallel(followed, async (each) => {
    const envelope = await fetchEnvelope(each, target, sources, signal);
    const answers = await lookUp(each, envelope, { target, sources, signal, revocation });
    return evidenceOf(each, { about, envelope, answers, target, via });
  });
}

function signatureIn({ read }: Found): Signature | undefined {
  return read?.kind === "signature" ? read : undefined;
}

async function fetchEnvelope(
  found: Found,
  target: Target,
  sources: Sources,
  signal: AbortSignal,
): Promise<Document | undefined> {
  const read = signatureIn(found);
  if (read === undefined) return undefined;
  return await sources.images.blob(target.repository, read.layer, MAX_SIGNATURE_BYTES, signal);
}

type Look = {
  readonly target: Target;
  readonly sources: Sources;
  readonly signal: AbortSignal;
  readonly revocation: RevocationLook | undefined;
};

/** One look for each chain, however many signatures and platforms of an image share it. */
async function lookUp(
  found: Found,
  envelope: Document | undefined,
  { target, sources, signal, revocation }: Look,
): Promise<RevocationEvidence> {
  const read = signatureIn(found);
  if (read === undefined || envelope === undefined || revocation === undefined) return NOTHING;
  const chains = revocation.chains(envelope, read.thumbprints, target);
  const looks = await inParallel(chains, (chain) => {
    const key = `revocation of ${chain.map(thumbprintOf).join()}`;
    return sources.once(key, () => revocation.collect(chain, sources, signal));
  });
  return { documents: looks.flatMap(({ documents }) => documents), gaps: looks.flatMap(({ gaps }) => gaps) };
}

type Fetched = {
  readonly about: Document | undefined;
  readonly envelope: Document | undefined;
  readonly answers: RevocationEvidence;
  readonly target: Target;
  readonly via: string;
};

function evidenceOf(found: Found, { about, envelope, answers, target, via }: Fetched): SignatureEvidence {
  const lost = envelope === undefined ? signatureIn(found)?.layer.digest : undefined;
  const place = { scheme: NOTATION, source: NOTATION_REFERRERS, about: target.digest, via };
  return referrerEvidence(found, place, {
    documents: [about, envelope, ...answers.documents],
    missing: lost ?? (about === undefined ? target.digest : undefined),
    gaps: answers.gaps,
  });
}
