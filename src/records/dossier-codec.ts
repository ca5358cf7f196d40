import type { SchemeId, SourceKey } from "../domain/evidence.ts";
import type { Manifest } from "../domain/manifest.ts";
import {
  descriptor,
  digest,
  gap,
  imageReference,
  instant,
  named,
  observation,
  platform,
  repository,
} from "./basic-codecs.ts";
import { baseCandidate } from "./base-codec.ts";
import { dictionary, list, oneOf, optional, plain, struct, text, whole, type Codec } from "./codec.ts";
import type {
  DossierSkeleton,
  Elsewhere,
  LayerSkeleton,
  LeafEvidenceSkeleton,
  LeafSkeleton,
  SignatureSkeleton,
  SourceSkeleton,
  SubjectSkeleton,
} from "./dossier-skeleton.ts";

const manifest: Codec<Manifest> = struct({
  kind: oneOf("manifest"),
  mediaType: text,
  artifactType: optional(text),
  config: descriptor,
  layers: list(descriptor),
  subject: optional(descriptor),
  annotations: dictionary(text),
});

const leaf: Codec<LeafSkeleton> = struct({
  declared: optional(platform),
  descriptor,
  manifest: observation(struct({ document: descriptor, manifest })),
});

const subject: Codec<SubjectSkeleton> = struct({
  requested: imageReference,
  repository,
  resolvedAt: instant,
  root: descriptor,
  shape: oneOf("image", "index", "artifact"),
  leaves: list(leaf),
  attestations: list(descriptor),
  containedIn: list(digest),
});

const signature: Codec<SignatureSkeleton> = struct({
  id: digest,
  scheme: named<SchemeId>(),
  source: named<SourceKey>(),
  about: digest,
  artifact: descriptor,
  part: whole,
  via: text,
  documents: list(descriptor),
  missing: optional(digest),
  gaps: list(gap),
});

const source: Codec<SourceSkeleton> = struct({
  about: digest,
  source: named<SourceKey>(),
  content: observation(list(signature)),
});

const elsewhere: Codec<Elsewhere> = struct({ elsewhere: plain("true", (json): json is true => json === true) });

const layer: Codec<LayerSkeleton> = struct({ descriptor, content: observation(elsewhere) });

const leafEvidence: Codec<LeafEvidenceSkeleton> = struct({
  manifest: digest,
  declared: optional(platform),
  config: observation(descriptor),
  layers: list(layer),
  bases: observation(list(baseCandidate)),
});

export const dossierSkeleton: Codec<DossierSkeleton> = struct({
  subject,
  signatures: list(source),
  leaves: list(leafEvidence),
});
