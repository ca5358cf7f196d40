import { digestOf } from "../../src/crypto/digest-of.ts";
import type { LayerEvidence } from "../../src/domain/evidence.ts";
import type { ImageConfig } from "../../src/domain/image-config.ts";
import { instantOf } from "../../src/domain/instant.ts";
import type { LayerContent, LayerFacts } from "../../src/domain/layer-facts.ts";
import type { Fault } from "../../src/inspections/fault.ts";
import { inspectImage, type ImageInspection } from "../../src/inspections/index.ts";
import { LayerCollector } from "../../src/inspections/layer-collector.ts";
import type { TarEntry } from "../../src/inspections/tar-entry.ts";
import { TarWalk } from "../../src/inspections/tar-walk.ts";

import { imageConfig, layer, type BuiltLayer, type ConfigSpec, type LayerSpec } from "./tar.ts";

/** Walks a tar in pieces of `step` bytes without any adapter. */
export function factsOf(bytes: Uint8Array, step: number = bytes.length || 1): LayerFacts | Fault {
  const collector = new LayerCollector();
  const walk = new TarWalk(collector);
  for (let at = 0; at < bytes.length; at += step) walk.push(bytes.subarray(at, at + step));
  const fault = walk.end();
  return (
    fault ??
    collector.finish({
      diffId: digestOf(bytes),
      packing: "tar",
      compressedBytes: bytes.length,
      uncompressedBytes: bytes.length,
      entryCount: walk.entries,
    })
  );
}

export type Seen = TarEntry & { readonly body: string };

/** Every entry with its whole body, as the walk hands them on. */
export function entriesOf(
  bytes: Uint8Array,
  step: number = bytes.length || 1,
): { readonly seen: readonly Seen[]; readonly fault: Fault | undefined } {
  const seen: (TarEntry & { body: string })[] = [];
  const walk = new TarWalk({
    entry: (entry) => {
      seen.push({ ...entry, body: "" });
      return entry.size;
    },
    body: (piece) => {
      seen[seen.length - 1]!.body += Buffer.from(piece).toString("latin1");
    },
    oddity: () => undefined,
  });
  for (let at = 0; at < bytes.length; at += step) walk.push(bytes.subarray(at, at + step));
  return { seen, fault: walk.end() };
}

/** A layer as collected: read whole, at some instant. */
export function observed(built: BuiltLayer, content: LayerContent): LayerEvidence {
  return { descriptor: built.descriptor, content: { kind: "observed", at: instantOf(0), value: content } };
}

export type Walked = { readonly built: BuiltLayer; readonly evidence: LayerEvidence };

/** A layer of these entries, walked. */
export function walked(spec: LayerSpec): Walked {
  return walkedLayer(layer(spec, "tar"));
}

/** A layer whose bytes are a tar as it is, walked. */
export function walkedLayer(built: BuiltLayer): Walked {
  const facts = factsOf(built.bytes);
  const content: LayerContent =
    "reason" in facts
      ? { kind: "uninspectable", reason: facts.reason, detail: facts.detail }
      : { kind: "walked", facts: { ...facts, diffId: built.diffId } };
  return { built, evidence: observed(built, content) };
}

/** What the bytes of files say, by path, and how many they are: written by hand, for bytes that no test carries. */
export type Marks = {
  readonly uncompressedBytes?: number;
  readonly natures?: Readonly<Record<string, string>>;
  readonly counts?: Readonly<Record<string, number>>;
};

/** The layer with these marks on those of its entries that they name. */
export function marked(one: Walked, { natures = {}, counts = {}, uncompressedBytes }: Marks): Walked {
  const { content } = one.evidence;
  if (content.kind !== "observed" || content.value.kind !== "walked") return one;
  const { facts } = content.value;
  const paths = new Set(facts.entries.map(({ path }) => path));
  const changed: LayerFacts = {
    ...facts,
    uncompressedBytes: uncompressedBytes ?? facts.uncompressedBytes,
    entries: facts.entries.map((entry) => ({ ...entry, nature: natures[entry.path] ?? entry.nature })),
    counts: { ...facts.counts, ...Object.fromEntries(Object.entries(counts).filter(([path]) => paths.has(path))) },
  };
  return { built: one.built, evidence: observed(one.built, { kind: "walked", facts: changed }) };
}

/** Everything inspections say of an image of these layers, lowest first. */
export function inspected(
  config: ConfigSpec,
  ...layers: readonly LayerSpec[]
): ImageInspection & { readonly config: ImageConfig } {
  return inspectedLayers(config, layers.map(walked));
}

/** As `inspected`, of layers that are walked already. */
export function inspectedLayers(
  config: ConfigSpec,
  layers: readonly Walked[],
): ImageInspection & { readonly config: ImageConfig } {
  const parsed = imageConfig(
    config,
    layers.map((one) => one.built),
  );
  return {
    ...inspectImage(
      parsed,
      layers.map((one) => one.evidence),
    ),
    config: parsed,
  };
}
