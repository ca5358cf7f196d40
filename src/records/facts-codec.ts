import type { SchemeId, SourceKey } from "../domain/evidence.ts";
import {
  STEPS,
  type AttestationFact,
  type AttestationOpinion,
  type CompositionFact,
  type ConfigFact,
  type ImageFacts,
  type LayerFactSummary,
  type Opinion,
  type PlatformFacts,
  type SignatureFact,
  type SourceFact,
  type StatementFact,
  type UserFact,
} from "../domain/facts.ts";
import { surfaceOf, type AttackSurface } from "../domain/attack-surface.ts";
import { LINTS, type Flaw, type Lint, type LintFacts } from "../domain/lint.ts";
import { absenteesOf, COMPOSITION_ORDER } from "../domain/policy.ts";
import type { AuthorityName } from "../domain/trust.ts";
import { baseFact } from "./base-codec.ts";
import { digest, gap, instant, known, named, platform, repository, sighting } from "./basic-codecs.ts";
import { dictionary, list, oneOf, optional, struct, tagged, text, whole, type Codec } from "./codec.ts";
import { rejectionReason, signer } from "./verdict-codec.ts";

const step = oneOf(...STEPS);
const verified = {
  signers: list(signer),
  notBefore: optional(instant),
  notAfter: optional(instant),
  signedAt: list(instant),
  notes: list(text),
};
const others = {
  undetermined: struct({ gap, step, signer: optional(signer) }),
  rejected: struct({ reason: rejectionReason, step, detail: text, signer: optional(signer) }),
};

const opinion: Codec<Opinion> = tagged<Opinion>({ verified: struct(verified), ...others });

const statement: Codec<StatementFact> = struct({ digest, size: whole, predicateType: text });

const attestationOpinion: Codec<AttestationOpinion> = tagged<AttestationOpinion>({
  verified: struct({ ...verified, statement }),
  ...others,
});

const provenance = {
  scheme: named<SchemeId>(),
  source: named<SourceKey>(),
  via: text,
  authority: named<AuthorityName>(),
  about: digest,
  artifact: digest,
  evidence: digest,
};

const signatureFact: Codec<SignatureFact> = struct({ ...provenance, opinion });

const attestationFact: Codec<AttestationFact> = struct({ ...provenance, opinion: attestationOpinion });

const sourceFact: Codec<SourceFact> = struct({
  about: digest,
  source: named<SourceKey>(),
  state: tagged<SourceFact["state"]>({
    observed: struct({ found: whole }),
    gap: struct({ gap }),
    "not-collected": struct({}),
  }),
});

const userFact: Codec<UserFact> = struct({
  configured: text,
  verdict: oneOf("root", "nonroot", "nonroot-named", "unresolvable", "invalid"),
  uid: optional(whole),
  gidDocker: optional(whole),
  gidKubernetes: optional(whole),
  because: text,
  sightings: list(sighting),
});

const sightings = list(sighting);

const points = struct({ count: whole, points: whole });
const surface: Codec<AttackSurface> = struct({ score: whole, items: struct(surfaceOf(() => points)) });

const compositionFact: Codec<CompositionFact> = tagged<CompositionFact>({
  classified: struct({
    class: oneOf(...COMPOSITION_ORDER),
    modifiers: list(text),
    because: text,
    present: struct(absenteesOf(() => sightings)),
    packages: whole,
    executables: whole,
    surface,
    sightings,
  }),
  uninspectable: struct({ reason: text, detail: text }),
});

const layerSummary: Codec<LayerFactSummary> = struct({
  digest,
  diffId: optional(digest),
  compressedBytes: whole,
  uncompressedBytes: optional(whole),
  entries: optional(whole),
  fileBytes: optional(whole),
  notable: list(text),
  createdBy: text,
});

const configFact: Codec<ConfigFact> = struct({
  platform,
  user: text,
  entrypoint: list(text),
  cmd: list(text),
  workingDir: text,
  labels: dictionary(text),
  created: optional(instant),
  historyCreated: optional(instant),
});

const flaw: Codec<Flaw> = struct({ what: text, sighting: optional(sighting) });
const lints: Codec<LintFacts> = struct(perLint(known(list(flaw))));

function perLint<T>(codec: T): Readonly<Record<Lint, T>> {
  return Object.fromEntries(LINTS.map((lint) => [lint, codec])) as Record<Lint, T>;
}

const platformFacts: Codec<PlatformFacts> = struct({
  digest,
  declared: optional(platform),
  config: known(configFact),
  user: known(userFact),
  composition: known(compositionFact),
  lints,
  base: known(baseFact),
  layers: list(layerSummary),
});

export const imageFacts: Codec<ImageFacts> = struct({
  id: digest,
  repository,
  digest,
  shape: oneOf("image", "index", "artifact"),
  containedIn: list(digest),
  signatures: list(signatureFact),
  attestations: list(attestationFact),
  sources: list(sourceFact),
  platforms: list(platformFacts),
});
