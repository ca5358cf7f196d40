import { InputError } from "../../domain/errors.ts";
import type { SignatureEvidence } from "../../domain/evidence.ts";
import type { Opinion, Signer } from "../../domain/facts.ts";
import { earliest } from "../../domain/instant.ts";
import type { Tag } from "../../domain/reference.ts";
import { rejected } from "../opinion.ts";
import type { Assess, Target } from "../scheme.ts";
import type { Keeper } from "./collect.ts";
import type { CollectionOutcome, TrustedCollection } from "./collection.ts";
import { collectionOf, placeKeyOf } from "./place.ts";
import { refused, type Refusal } from "./refusal.ts";
import { findName, namesOf, type NameOutcome, type RequiredRole, type SignedName } from "./signed-name.ts";
import { trustDataOf } from "./trust-data.ts";
import { verifyCollection } from "./verify-collection.ts";

export type NotaryJudge = Keeper & { readonly required: readonly RequiredRole[] };

/**
 * Judges what a collection says of an image: `undefined` if it is good and says nothing of it, which is not signed. The
 * name that counts is the tag of the reference; a digest alone may stand under any name.
 */
export function assessTrustData(judge: NotaryJudge): Assess {
  const place = placeKeyOf(judge.spec);
  const verify = lastRemembered((evidence: SignatureEvidence) => verifyEvidence(evidence, judge));
  return (evidence, target) => {
    if (evidence.source !== place) return undefined;
    const { gun } = collectionOf(judge.spec, target.repository);
    const { gun: collected, outcome } = verify(evidence);
    if (outcome.kind === "absent") return undefined;
    if (outcome.kind === "refused") return opinionOf(outcome);
    if (collected !== gun) return rejected("parsed", "malformed", `the trust data is of ${collected}, not of ${gun}`);
    return target.requested.kind === "tag" ? judgeTag(outcome, target, judge) : judgeDigest(outcome, target, judge);
  };
}

type Verified = { readonly gun: string; readonly outcome: CollectionOutcome };

function verifyEvidence(evidence: SignatureEvidence, { pins }: NotaryJudge): Verified {
  try {
    const { gun, files, remembered } = trustDataOf(evidence);
    return { gun, outcome: verifyCollection(files, { gun, pins, remembered }) };
  } catch (error) {
    const why = error instanceof InputError ? error.message : "the trust data could not be read";
    return { gun: "", outcome: refused("parsed", "malformed", why) };
  }
}

/** All platforms of an image have one collection, whose listing names every byte of it. */
function lastRemembered(verify: (evidence: SignatureEvidence) => Verified): (evidence: SignatureEvidence) => Verified {
  let last: { readonly listing: string; readonly verified: Verified } | undefined;
  return (evidence) => {
    const listing = evidence.documents[0]?.descriptor.digest ?? "";
    if (last?.listing !== listing) last = { listing, verified: verify(evidence) };
    return last.verified;
  };
}

function opinionOf({ step, reason, detail }: Refusal): Opinion {
  return rejected(step, reason, detail);
}

/** Whoever starts the tag afterwards starts what the registry has under it. */
const RESOLVED_NOTE =
  "the tag is taken for what is signed, wherever the registry's tag points: deploy it by this digest";

function judgeTag(collection: TrustedCollection, target: Target, { required, spec }: NotaryJudge): Opinion | undefined {
  const tag = target.requested.tag as Tag;
  const { gun } = collectionOf(spec, target.repository);
  const found = findName(collection.targets, tag, required);
  if (found.kind === "unsigned") return undefined;
  if (found.kind === "refused") return opinionOf(found);
  const resolved = spec.resolve === "signed-digest" ? [RESOLVED_NOTE] : [];
  if (found.digests.includes(target.digest)) return verifiedBy(found, collection, `${gun}:${tag}`, resolved);
  const detail = `${gun}:${tag} is signed for ${found.digests[0]}, not for ${target.digest}: sign this one under the tag, or deploy the digest that is signed`;
  return rejected("subject", "wrong-subject", detail, signersOf(found)[0]);
}

/** A digest wins over a tag that stands beside it; what that tag is signed for is told. */
function judgeDigest(
  collection: TrustedCollection,
  target: Target,
  { required, spec }: NotaryJudge,
): Opinion | undefined {
  const { gun } = collectionOf(spec, target.repository);
  const { tag } = target.requested;
  const names = namesOf(collection.targets, target.digest);
  const beside = tag !== undefined && names.includes(tag) ? [tag, ...names] : names;
  let refusal: Refusal | undefined;
  for (const name of beside) {
    const found = findName(collection.targets, name, required);
    if (found.kind === "signed" && found.digests.includes(target.digest)) {
      return verifiedBy(found, collection, `${gun}:${name}`, besideNote(collection, target, required));
    }
    if (found.kind === "refused") refusal ??= found;
  }
  return refusal === undefined ? undefined : opinionOf(refusal);
}

function besideNote(
  { targets }: TrustedCollection,
  { requested: { tag }, digest }: Target,
  required: readonly RequiredRole[],
): readonly string[] {
  if (tag === undefined) return [];
  const found: NameOutcome = findName(targets, tag, required);
  if (found.kind === "unsigned") return [`the tag ${tag} beside the digest is not signed`];
  if (found.kind === "refused") return [`the tag ${tag} beside the digest is not believed: ${found.detail}`];
  return found.digests.includes(digest) ? [] : [`the tag ${tag} beside the digest is signed for ${found.digests[0]}`];
}

function verifiedBy(
  found: SignedName,
  { window, notes }: TrustedCollection,
  name: string,
  more: readonly string[] = [],
): Opinion {
  return {
    kind: "verified",
    signers: signersOf(found),
    notBefore: window.notBefore,
    notAfter: earliest(window.notAfter, found.notAfter),
    signedAt: [],
    notes: [`signed as ${name} by ${found.roles.join(" and ")}`, ...more, ...notes],
  };
}

function signersOf({ signers }: SignedName): readonly Signer[] {
  return signers.map(({ spki }) => ({ kind: "key", spki }));
}
