import { Slices } from "../crypto/slices.ts";
import { addressOf } from "../crypto/digest-of.ts";
import { historyDateOf } from "../domain/build-date.ts";
import type { Digest } from "../domain/digest.ts";
import { InputError } from "../domain/errors.ts";
import type { Dossier, LayerEvidence, LeafEvidence, SignatureEvidence, SignatureSource } from "../domain/evidence.ts";
import type {
  AttestationFact,
  ConfigFact,
  ImageFacts,
  LayerFactSummary,
  PlatformFacts,
  SignatureFact,
  SourceFact,
} from "../domain/facts.ts";
import { known, knownFrom, type Known, type Observation } from "../domain/gap.ts";
import type { ImageConfig } from "../domain/image-config.ts";
import type { LayerFacts } from "../domain/layer-facts.ts";
import { lintFacts } from "../domain/lint.ts";
import type { Document, Subject } from "../domain/subject.ts";
import { withoutSecrets } from "../inspections/history-step.ts";
import { EXTRACTOR_VERSION } from "../inspections/layer-collector.ts";
import { layerNotes } from "../inspections/layer-notes.ts";
import { INSPECTIONS_VERSION, inspectImage } from "../inspections/index.ts";
import type { Schemes, Target } from "../schemes/scheme.ts";
import { readConfig } from "./collect-leaf.ts";
import { outlineOf } from "./outline.ts";
import { schemeVersions } from "./scheme-versions.ts";
import type { CompiledAuthority, Trust } from "./trust.ts";
import { vouchedBy } from "./vouched.ts";

/** Raised whenever the same evidence would give other facts, so that stored facts of older code are not found. */
const EXAMINE_VERSION = 4;

/** What the facts of a dossier under a trust are called; no clock, no network, no bytes needed. */
export function factsId(dossier: Dossier, trust: Trust, schemes: Schemes): Digest {
  return addressOf("facts", {
    dossier: outlineOf(dossier),
    trust: trust.id,
    examine: EXAMINE_VERSION,
    inspections: INSPECTIONS_VERSION,
    extractor: EXTRACTOR_VERSION,
    versions: schemeVersions(schemes),
  });
}

/**
 * Turns evidence into facts: a function of dossier and trust alone, which lets others run between signatures. `id` is what
 * `factsId` says of the same, for those who have asked already.
 */
export async function examine(
  dossier: Dossier,
  trust: Trust,
  schemes: Schemes,
  id: Digest = factsId(dossier, trust, schemes),
): Promise<ImageFacts> {
  const { subject } = dossier;
  const slices = new Slices();
  const signatures: SignatureFact[] = [];
  const attestations: AttestationFact[] = [];
  const sources = dossier.signatures.map(sourceFact);
  const pairs = pairsOf(dossier.signatures, trust);
  const targetOf = ({ about }: SignatureEvidence): Target => ({
    repository: subject.repository,
    digest: about,
    requested: subject.requested,
  });
  for (const [evidence, authority] of pairs) {
    const opinion = await authority.assess.get(evidence.scheme)?.(evidence, targetOf(evidence));
    if (opinion !== undefined) signatures.push({ ...provenanceOf(evidence, authority), opinion });
    await slices.pause();
  }
  // After all signatures, since one on an index may vouch for what stands beside an image in it.
  for (const [evidence, authority] of pairs) {
    const vouched = vouchedBy(authority.authority, { signatures, sources }, schemes);
    const opinion = await authority.attest.get(evidence.scheme)?.(evidence, targetOf(evidence), vouched);
    if (opinion !== undefined) attestations.push({ ...provenanceOf(evidence, authority), opinion });
    await slices.pause();
  }
  return {
    id,
    repository: subject.repository,
    digest: subject.root.descriptor.digest,
    shape: subject.shape,
    containedIn: subject.containedIn,
    signatures,
    attestations,
    sources,
    platforms: dossier.leaves.map((leaf) => examineLeaf(leaf, subject)),
  };
}

type Pair = readonly [SignatureEvidence, CompiledAuthority];

function pairsOf(sources: readonly SignatureSource[], { authorities }: Trust): readonly Pair[] {
  const evidence = sources.flatMap(({ content }) => (content.kind === "observed" ? content.value : []));
  return evidence.flatMap((one) =>
    authorities.filter(({ sources }) => sources.includes(one.source)).map((authority): Pair => [one, authority]),
  );
}

/** Provenance is ours to state: an opinion cannot say whose it is. */
function provenanceOf(evidence: SignatureEvidence, { authority }: CompiledAuthority): Omit<SignatureFact, "opinion"> {
  const { scheme, source, via, about, artifact, id } = evidence;
  return { scheme, source, via, authority: authority.name, about, artifact: artifact.digest, evidence: id };
}

function sourceFact({ about, source, content }: SignatureSource): SourceFact {
  switch (content.kind) {
    case "observed":
      return { about, source, state: { kind: "observed", found: content.value.length } };
    case "gap":
      return { about, source, state: { kind: "gap", gap: content.gap } };
    case "not-asked":
      return { about, source, state: { kind: "not-collected" } };
  }
}

function examineLeaf(leaf: LeafEvidence, subject: Subject): PlatformFacts {
  const config = readKnown(leaf.config);
  const layers = leaf.layers.map((layer) => ({ descriptor: layer.descriptor, content: layer.content }));
  const origin = { bases: leaf.bases, annotations: annotationsOf(leaf, subject), tag: subject.requested.tag };
  const answers =
    config.kind === "known"
      ? inspectImage(config.value, layers, origin)
      : { user: config, composition: config, base: config, lints: lintFacts(() => config) };
  const walked = leaf.layers.map(({ content }) => walkedFacts(content));
  return {
    digest: leaf.manifest,
    declared: leaf.declared,
    config: config.kind === "known" ? known(configFact(config.value)) : config,
    user: answers.user,
    composition: answers.composition,
    lints: answers.lints,
    base: answers.base,
    layers: leaf.layers.map((layer, index) => ({
      ...layerSummary(layer, createdBy(config, index)),
      notable: layerNotes(walked, index),
    })),
  };
}

function annotationsOf({ manifest }: LeafEvidence, { leaves }: Subject): Readonly<Record<string, string>> {
  const seen = leaves.find(({ descriptor }) => descriptor.digest === manifest)?.manifest;
  return seen?.kind === "observed" ? seen.value.manifest.annotations : {};
}

/** A configuration that does not parse is a gap in what can be known: nothing else could be read in its place. */
function readKnown(observation: Observation<Document>): Known<ImageConfig> {
  try {
    return knownFrom(observation, readConfig);
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    return { kind: "gap", gap: { code: "malformed", what: "image configuration", detail: error.message } };
  }
}

function configFact(config: ImageConfig): ConfigFact {
  const { platform, user, entrypoint, cmd, workingDir, labels, created, history } = config;
  const historyCreated = historyDateOf(history);
  return { platform, user, entrypoint, cmd, workingDir, labels, created, historyCreated };
}

/** History has one entry a layer once the empty ones are left out, if the builder kept it truthfully. */
function createdBy(config: Known<ImageConfig>, index: number): string {
  if (config.kind !== "known") return "";
  return withoutSecrets(config.value.history.filter((entry) => !entry.emptyLayer)[index]?.createdBy ?? "");
}

function walkedFacts(content: LayerEvidence["content"]): LayerFacts | undefined {
  return content.kind === "observed" && content.value.kind === "walked" ? content.value.facts : undefined;
}

function layerSummary({ descriptor, content }: LayerEvidence, createdBy: string): Omit<LayerFactSummary, "notable"> {
  const facts = walkedFacts(content);
  return {
    digest: descriptor.digest,
    diffId: facts?.diffId,
    compressedBytes: descriptor.size,
    uncompressedBytes: facts?.uncompressedBytes,
    entries: facts?.entryCount,
    fileBytes: facts?.tally.fileBytes,
    createdBy,
  };
}
