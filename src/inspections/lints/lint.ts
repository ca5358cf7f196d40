import { NOT_COLLECTED, known, type Known } from "../../domain/gap.ts";
import type { ImageConfig } from "../../domain/image-config.ts";
import type { Flaw } from "../../domain/lint.ts";
import { quoted } from "../../domain/quoted.ts";

import type { InspectedImage, Inspection, MergedImage } from "../inspection.ts";

export type LintInspection = Inspection<readonly Flaw[]>;

/** Enough to act upon; a tree of ten thousand such files is one mistake. */
const MAX_FLAWS = 100;

/** A lint that configuration, history and reference answer: known whatever became of the layers. */
export function configLint(
  version: number,
  flaws: (config: ImageConfig, image: InspectedImage) => readonly Flaw[],
): LintInspection {
  return { version, inspect: (image) => known(firstFlaws(flaws(image.config, image), (flaw) => flaw)) };
}

/** A lint that the layers answer. Layers that can never be read are no clean answer but a flaw of their own. */
export function layerLint(
  version: number,
  flaws: (image: MergedImage, inspected: InspectedImage) => readonly Flaw[],
): LintInspection {
  return { version, inspect: (image) => inspectLayers(image, flaws) };
}

function inspectLayers(
  image: InspectedImage,
  flaws: (image: MergedImage, inspected: InspectedImage) => readonly Flaw[],
): Known<readonly Flaw[]> {
  const { content } = image;
  switch (content.kind) {
    case "merged":
      return known(flaws(content, image));
    case "uninspectable":
      return known([plainFlaw(`the layers cannot be inspected (${content.reason}: ${content.detail})`)]);
    case "gap":
      return { kind: "gap", gap: content.gap };
    case "not-collected":
      return NOT_COLLECTED;
  }
}

/** As many as are kept, and how many more there are, which then need no looking into. */
export function firstFlaws<T>(found: readonly T[], flawOf: (one: T) => Flaw): readonly Flaw[] {
  const first = found.slice(0, MAX_FLAWS).map(flawOf);
  const more = found.length - first.length;
  return more === 0 ? first : [...first, plainFlaw(`and ${more} more of the kind`)];
}

/** A flaw of the configuration. */
export function plainFlaw(what: string): Flaw {
  return { what, sighting: undefined };
}

/** A path or name of the image as messages may show it: escaped and clipped, without quotes. */
export function shown(text: string): string {
  return quoted(text).slice(1, -1);
}
