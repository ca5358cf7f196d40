import type { Flaw } from "../../domain/lint.ts";
import type { LayerFind } from "../../domain/layer-facts.ts";

import type { MergedImage } from "../inspection.ts";
import { fateOf } from "../layer-fate.ts";
import { sightingOf } from "../sighting.ts";
import { firstFlaws, layerLint, plainFlaw, shown } from "./lint.ts";

/** CIS-DI-0010 for files, in every layer: who can pull the image reads the blobs, not what is left after the last layer. */
export const secretInFile = layerLint(1, (image) => findsOf(image, "secret"));

/** DKL-LI-0003: what helps to build and not to run; version control and caches hold secrets as well. */
export const clutter = layerLint(1, (image) => findsOf(image, "clutter"));

function findsOf(image: MergedImage, kind: LayerFind["kind"]): readonly Flaw[] {
  const found = image.layers.flatMap(({ facts }, layer) =>
    facts.finds.filter((find) => find.kind === kind).map((find) => ({ find, layer })),
  );
  return [
    ...firstFlaws(found, ({ find, layer }) => flawOf(image, layer, find)),
    ...image.layers.flatMap(cutFlaw(kind)),
  ];
}

/** Where not all were told, what is told is not all there is. */
function cutFlaw(kind: LayerFind["kind"]): (layer: MergedImage["layers"][number], at: number) => readonly Flaw[] {
  return ({ facts }, at) =>
    facts.anomalies.some(({ code, path }) => code === "finds-cut" && path === kind)
      ? [plainFlaw(`layer ${at + 1} holds more files of that kind than are told: build it without them`)]
      : [];
}

function flawOf(image: MergedImage, layer: number, { path, why }: LayerFind): Flaw {
  const fate = fateText(image, layer, path);
  const what = `layer ${layer + 1} holds ${shown(path)} (${shown(why)}), ${fate}`;
  return { what, sighting: sightingOf(image, { layer, path }, shown(why)) };
}

function fateText(image: MergedImage, layer: number, path: string): string {
  const fate = fateOf(
    image.layers.map(({ facts }) => facts),
    layer,
    path,
  );
  if (fate.kind === "visible") return "still visible in the image: build without it";
  const by = `layer ${fate.by + 1} (${image.layers[fate.by]?.digest ?? "above"})`;
  return `${fate.kind} by ${by} and still in this layer's blob: build anew without it, deleting it later does not help`;
}
