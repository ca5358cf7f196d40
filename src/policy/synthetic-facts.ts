import { NO_SURFACE } from "../domain/attack-surface.ts";
import { lintFacts, type Lint, type LintFacts } from "../domain/lint.ts";
import { parseDigest, type Digest } from "../domain/digest.ts";
import type { SchemeId, SourceKey } from "../domain/evidence.ts";
import type {
  CompositionFact,
  ConfigFact,
  ImageFacts,
  PlatformFacts,
  SignatureFact,
  UserFact,
} from "../domain/facts.ts";
import { known, NOT_COLLECTED, type Known } from "../domain/gap.ts";
import { plus, type Instant } from "../domain/instant.ts";
import type { Platform } from "../domain/platform.ts";
import { absenteesOf, type Absentee } from "../domain/policy.ts";
import type { ImageReference } from "../domain/reference.ts";
import type { Given } from "./policy-test-document.ts";
import { syntheticBase } from "./synthetic-base.ts";
import { GIVEN_ATTESTATIONS, syntheticAttestations } from "./synthetic-attestations.ts";

/** The one place where signatures of images that do not exist are kept. */
export const GIVEN_SOURCE = "given:signatures" as SourceKey;

const BECAUSE = "given by the policy test";

/** Facts of an image that has just what is given; everything else is not collected. */
export function syntheticFacts(reference: ImageReference, given: Given, at: Instant): ImageFacts {
  const digest = given.digest ?? (reference.kind === "digest" ? reference.digest : madeUpDigest(0));
  const single = given.platforms.length === 1;
  return {
    id: madeUpDigest(0),
    repository: reference.repository,
    digest,
    shape: single ? "image" : "index",
    containedIn: [],
    signatures: (given.signedBy ?? []).map((signature) => signatureOf(signature, digest)),
    attestations: syntheticAttestations(given, digest, at),
    sources: [
      { about: digest, source: GIVEN_SOURCE, state: stateOf(given, given.signedBy?.length) },
      { about: digest, source: GIVEN_ATTESTATIONS, state: stateOf(given, given.attested?.length) },
    ],
    platforms: given.platforms.map((name, index) =>
      platformOf(single ? digest : madeUpDigest(index + 1), name, given, at),
    ),
  };
}

function madeUpDigest(number: number): Digest {
  return parseDigest(`sha256:${number.toString(16).padStart(64, "0")}`);
}

function stateOf({ unreachable }: Given, found: number | undefined): ImageFacts["sources"][number]["state"] {
  if (unreachable !== undefined) {
    return { kind: "gap", gap: { code: "unreachable", what: "signatures", detail: BECAUSE } };
  }
  return found === undefined ? NOT_COLLECTED : { kind: "observed", found };
}

/** A signature that the test gives, of an image or of what it was built on. */
export function signatureOf(signature: NonNullable<Given["signedBy"]>[number], about: Digest): SignatureFact {
  const signer = { kind: "identity", issuer: BECAUSE, subject: signature.signer } as const;
  return {
    scheme: "given" as SchemeId,
    source: GIVEN_SOURCE,
    via: "given",
    authority: signature.authority,
    about,
    artifact: about,
    evidence: about,
    opinion: signature.counts
      ? { kind: "verified", signers: [signer], notBefore: undefined, notAfter: undefined, signedAt: [], notes: [] }
      : { kind: "rejected", reason: "bad-signature", step: "signature", detail: BECAUSE, signer: undefined },
  };
}

function platformOf(digest: Digest, name: string, given: Given, at: Instant): PlatformFacts {
  const [os = "", architecture = "", variant] = name.split("/");
  const platform: Platform = { os, architecture, variant, osVersion: undefined };
  return {
    digest,
    declared: platform,
    config: configOf(platform, given, at),
    user: given.user === undefined ? NOT_COLLECTED : known(userOf(given.user)),
    composition: compositionOf(given),
    lints: lintFacts((lint) => lintOf(lint, given)),
    base: syntheticBase(given, platform, at),
    layers: [],
  };
}

function configOf(platform: Platform, { created, age }: Given, at: Instant): Known<ConfigFact> {
  if (created === undefined && age === undefined) return NOT_COLLECTED;
  const date = age === undefined ? created : plus(at, -age);
  return known({
    platform,
    user: "",
    entrypoint: [],
    cmd: [],
    workingDir: "",
    labels: {},
    created: date === "none" ? undefined : date,
    historyCreated: undefined,
  });
}

function userOf(verdict: UserFact["verdict"]): UserFact {
  const uid = verdict === "root" ? 0 : verdict === "nonroot" || verdict === "nonroot-named" ? 65532 : undefined;
  return {
    configured: verdict === "nonroot-named" ? "app" : (uid ?? "app").toString(),
    verdict,
    uid,
    gidDocker: uid,
    gidKubernetes: uid,
    because: BECAUSE,
    sightings: [],
  };
}

function lintOf(lint: Lint, { flaws }: Given): LintFacts[Lint] {
  if (flaws === undefined) return NOT_COLLECTED;
  return known(flaws.includes(lint) ? [{ what: BECAUSE, sighting: undefined }] : []);
}

function compositionOf({ composition, present }: Given): Known<CompositionFact> {
  if (composition === undefined) return NOT_COLLECTED;
  if (composition === "uninspectable") return known({ kind: "uninspectable", reason: "limit", detail: BECAUSE });
  const seen = (thing: Absentee) =>
    present.includes(thing) ? [{ layer: madeUpDigest(0), path: thing, note: BECAUSE }] : [];
  return known({
    kind: "classified",
    class: composition,
    modifiers: [],
    because: BECAUSE,
    present: absenteesOf(seen),
    packages: 0,
    executables: 0,
    surface: NO_SURFACE,
    sightings: [],
  });
}
