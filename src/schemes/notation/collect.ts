import type { Certificate } from "../../crypto/certificate.ts";
import type { Descriptor } from "../../domain/descriptor.ts";
import { InputError, PortError } from "../../domain/errors.ts";
import type { SignatureEvidence } from "../../domain/evidence.ts";
import type { Document } from "../../domain/subject.ts";
import { signatureEvidence } from "../evidence.ts";
import { inParallel } from "../in-parallel.ts";
import { MAX_SIGNATURE_BYTES, MAX_TOTAL_BYTES } from "../limits.ts";
import { candidatesAmong, referrersOf } from "../referrer-candidates.ts";
import type { Sources, Target } from "../scheme.ts";
import { thumbprintOf } from "./certificate-subject.ts";
import type { RevocationEvidence } from "./revocation-port.ts";
import { mayBeSignature, readSignatureManifest, type SignatureManifest } from "./signature-manifest.ts";
import { NOTATION, NOTATION_REFERRERS } from "./source.ts";

/** One referrer as far as it was followed: its manifest if the registry has it, and what that says if it can be read. */
type Found = {
  readonly listed: Descriptor;
  readonly manifest: Document | undefined;
  readonly read: Extract<SignatureManifest, { readonly kind: "signature" }> | undefined;
};

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
  const wanted = { mayBe: mayBeSignature, noun: "signatures" };
  const { via, descriptors } = await candidatesAmong(wanted, target, sources, signal);
  const followed = await inParallel(descriptors, (listed) => follow(listed, target, sources, signal));
  const found = followed.filter((each) => each !== undefined);
  const total = found.reduce((sum, { read }) => sum + (read?.layer.size ?? 0), 0);
  if (total > MAX_TOTAL_BYTES) {
    const detail = `envelopes of ${total} bytes, more than the ${MAX_TOTAL_BYTES} allowed`;
    throw new PortError("too-large", referrersOf(target), detail);
  }
  if (found.length === 0) return [];
  const about = await sources.images.manifest(target.repository, target.digest, signal);
  return await inParallel(found, async (each) => {
    const envelope = await fetchEnvelope(each, target, sources, signal);
    const answers = await lookUp(each, envelope, { target, sources, signal, revocation });
    return evidenceOf(each, { about, envelope, answers, target, via });
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
  if (manifest === undefined) return { listed, manifest, read: undefined };
  const read = tryReading(manifest, target);
  if (read?.kind === "other") return undefined;
  return { listed, manifest, read: read?.kind === "signature" ? read : undefined };
}

/** A manifest that cannot be read is itself the evidence, and says why when it is judged. */
function tryReading(manifest: Document, target: Target): SignatureManifest | undefined {
  try {
    return readSignatureManifest(manifest, target.digest);
  } catch (error) {
    if (error instanceof InputError) return undefined;
    throw error;
  }
}

async function fetchEnvelope(
  { read }: Found,
  target: Target,
  sources: Sources,
  signal: AbortSignal,
): Promise<Document | undefined> {
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
  { read }: Found,
  envelope: Document | undefined,
  { target, sources, signal, revocation }: Look,
): Promise<RevocationEvidence> {
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

function evidenceOf({ listed, manifest, read }: Found, fetched: Fetched): SignatureEvidence {
  const { about, envelope, answers, target, via } = fetched;
  const lost = read !== undefined && envelope === undefined ? read.layer.digest : undefined;
  const documents = [manifest, about, envelope, ...answers.documents].filter((each) => each !== undefined);
  return signatureEvidence({
    scheme: NOTATION,
    source: NOTATION_REFERRERS,
    about: target.digest,
    artifact: manifest?.descriptor ?? listed,
    part: 0,
    via,
    documents,
    missing: manifest === undefined ? listed.digest : (lost ?? (about === undefined ? target.digest : undefined)),
    gaps: answers.gaps,
  });
}
