import type { Sighting } from "../domain/sighting.ts";

import { quoted } from "./fault.ts";
import type { MergedImage } from "./inspection.ts";

/** Where a thing was seen: the layer that put it there, and its path. */
export function sightingOf(
  image: MergedImage,
  seen: { readonly layer: number; readonly path: string },
  note: string,
): Sighting {
  const layer = image.layers[seen.layer];
  if (layer === undefined) throw new RangeError(`no layer ${seen.layer} for ${quoted(seen.path)}`);
  return { layer: layer.digest, path: seen.path, note };
}
