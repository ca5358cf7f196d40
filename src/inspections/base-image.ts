import type { BaseCandidate, BaseFact } from "../domain/base-image.ts";
import { NOT_COLLECTED, known, type Known } from "../domain/gap.ts";
import { isPlatformNamed } from "../domain/platform.ts";
import { formatRepository } from "../domain/reference.ts";

import { changesAbove } from "./base-changes.ts";
import { baseHints } from "./base-hints.ts";
import type { InspectedImage, MergedImage } from "./inspection.ts";

/**
 * What the image was built on: the catalogued images whose layers are its lowest, with what was done to them since
 * (reference: inspection, section 4). Labels and annotations are hints and no more.
 */
export function inspectBase(image: InspectedImage): Known<BaseFact> {
  const { bases, content } = image;
  // That the layers cannot be vouched for is permanent, whatever the catalogue would say.
  if (content.kind === "uninspectable") return unknown(image, `its layers cannot be inspected (${content.reason})`);
  if (bases.kind === "gap") return { kind: "gap", gap: bases.gap };
  if (content.kind === "gap") return { kind: "gap", gap: content.gap };
  if (bases.kind === "not-asked" || content.kind === "not-collected") return NOT_COLLECTED;
  const real = realBases(image, content);
  return real.length === 0 ? unknown(image, whyNone(content)) : found(image, content, real);
}

function unknown({ annotations, config }: InspectedImage, because: string): Known<BaseFact> {
  return known({ kind: "unknown", because, hints: baseHints(annotations, config.labels) });
}

/** Catalogued images that this one really stands on or is. */
export function realBases(image: InspectedImage, content: MergedImage): readonly BaseCandidate[] {
  const { bases } = image;
  return bases.kind === "observed" ? bases.value.filter((one) => isOfImage(one, image, content)) : [];
}

/** The catalogue's word is not taken for what can be seen here. */
function isOfImage({ depth, platform }: BaseCandidate, { config }: InspectedImage, { layers }: MergedImage): boolean {
  const { os, architecture } = config.platform;
  if (!isPlatformNamed(platform, `${os}/${architecture}`)) return false;
  if (!Number.isInteger(depth) || depth < 1 || depth > layers.length) return false;
  // Converters put empty layers into everybody's images: sharing nothing but those is sharing nothing.
  return layers.slice(0, depth).some(({ facts }) => facts.entryCount > 0);
}

function whyNone({ layers }: MergedImage): string {
  switch (layers.length) {
    case 0:
      return "it has no layers, so it is built on nothing";
    case 1:
      return "it has a single layer, as flattened images have, and no catalogued image has the same";
    default:
      return `no catalogued image ends within its ${layers.length} layers`;
  }
}

function found(image: InspectedImage, content: MergedImage, real: readonly BaseCandidate[]): Known<BaseFact> {
  const { length } = content.layers;
  const changes = changesAbove(content, new Set(real.map(({ depth }) => depth)));
  if (changes === undefined) return unknown(image, "its links make more paths than are looked at");
  const candidates = real
    .toSorted(byDepth)
    .map((one) => ({ ...one, isWhole: one.depth === length, changes: changes.get(one.depth) ?? [] }));
  return known({ kind: "found", candidates, hints: baseHints(image.annotations, image.config.labels) });
}

function byDepth(a: BaseCandidate, b: BaseCandidate): number {
  if (a.depth !== b.depth) return b.depth - a.depth;
  const [left, right] = [a, b].map(({ repository, digest }) => `${formatRepository(repository)}@${digest}`);
  return left === right ? 0 : (left ?? "") < (right ?? "") ? -1 : 1;
}
