import type { LayerFacts } from "../domain/layer-facts.ts";

import { isWithin } from "./layer-path.ts";

/** What became of a layer's file in the layers above it. Its bytes stay in the layer's blob in any case. */
export type Fate = { readonly kind: "visible" } | { readonly kind: "deleted" | "replaced"; readonly by: number };

/** `layers` lowest first; those not seen are `undefined` and say nothing. */
export function fateOf(layers: readonly (LayerFacts | undefined)[], layer: number, path: string): Fate {
  for (const [by, facts] of layers.entries()) {
    if (by <= layer || facts === undefined) continue;
    if (isHidden(facts, path)) return { kind: "deleted", by };
    if (isReplaced(facts, path)) return { kind: "replaced", by };
  }
  return { kind: "visible" };
}

function isHidden({ entries, whiteouts }: LayerFacts, path: string): boolean {
  return (
    whiteouts.some((one) => isWithin(path, one.path) && (one.kind === "path" || one.path !== path)) ||
    // overlayfs takes such a device for a whiteout (reference: inspection, 1.7).
    entries.some((one) => one.kind === "character" && one.device === "0:0" && isWithin(path, one.path))
  );
}

function isReplaced({ entries, finds }: LayerFacts, path: string): boolean {
  // What is found may be a folder, which later folders and finds add to.
  return (
    finds.some((find) => find.kind === "secret" && find.path === path) ||
    entries.some((one) => one.kind !== "directory" && isWithin(path, one.path))
  );
}
