import type { LayerEvidence } from "../domain/evidence.ts";
import type { ImageConfig } from "../domain/image-config.ts";
import type { LayerFacts } from "../domain/layer-facts.ts";

import { quoted } from "./fault.ts";
import type { ImageContent } from "./inspection.ts";
import { refuseLayerType } from "./layer-type.ts";
import { mergeLayers } from "./overlay.ts";

function uninspectable(reason: string, detail: string): ImageContent {
  return { kind: "uninspectable", reason, detail };
}

/**
 * All layers as one file system, or why there is none. What no further look could mend is said before what a further look
 * could: an operating system we do not read, a layer that cannot be vouched for, then gaps, then what was never asked.
 */
export function contentOf(config: ImageConfig, layers: readonly LayerEvidence[]): ImageContent {
  if (config.platform.os !== "linux") {
    return uninspectable("operating-system", `the layers of ${quoted(config.platform.os)} images are not read`);
  }
  if (config.diffIds.length !== layers.length) {
    return uninspectable(
      "layer-count",
      `the configuration names ${config.diffIds.length} layers and the manifest ${layers.length}`,
    );
  }
  return refusalOf(config, layers) ?? unseenOf(layers) ?? merged(layers);
}

function refusalOf(config: ImageConfig, layers: readonly LayerEvidence[]): ImageContent | undefined {
  for (const [index, { content, descriptor }] of layers.entries()) {
    const refusal = refuseLayerType(descriptor);
    if (refusal !== undefined) return uninspectable(refusal.reason, `layer ${descriptor.digest}: ${refusal.detail}`);
    if (content.kind !== "observed") continue;
    if (content.value.kind === "uninspectable") {
      return uninspectable(content.value.reason, `layer ${descriptor.digest}: ${content.value.detail}`);
    }
    // A container is started from what the configuration names, so a layer that is something else is not its content.
    if (content.value.facts.diffId !== config.diffIds[index]) {
      return uninspectable(
        "diff-id-mismatch",
        `layer ${descriptor.digest} unpacks to ${content.value.facts.diffId}, the configuration says ${config.diffIds[index]}`,
      );
    }
  }
  return undefined;
}

/** Any layer may hide, replace or add anything, so one unseen leaves all unknown. */
function unseenOf(layers: readonly LayerEvidence[]): ImageContent | undefined {
  for (const { content } of layers) if (content.kind === "gap") return { kind: "gap", gap: content.gap };
  return layers.some(({ content }) => content.kind !== "observed") ? { kind: "not-collected" } : undefined;
}

function merged(layers: readonly LayerEvidence[]): ImageContent {
  const walked = layers.flatMap(({ content, descriptor }) =>
    content.kind === "observed" && content.value.kind === "walked"
      ? [{ digest: descriptor.digest, facts: content.value.facts satisfies LayerFacts }]
      : [],
  );
  if (walked.length !== layers.length) return { kind: "not-collected" };
  const tree = mergeLayers(walked.map((layer) => layer.facts));
  const doubt = tree.doubts[0];
  if (doubt === undefined) return { kind: "merged", tree, layers: walked };
  const layer = walked[doubt.layer]?.digest ?? "the image";
  return uninspectable("ambiguous-layers", `in ${layer}, ${quoted(doubt.path)} ${doubt.why}`);
}
