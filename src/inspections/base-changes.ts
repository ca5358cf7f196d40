import { PROTECTED_THINGS, type ProtectedChange } from "../domain/base-image.ts";
import type { LayerFacts } from "../domain/layer-facts.ts";

import type { MergedImage } from "./inspection.ts";
import { mergeLayers } from "./overlay.ts";
import { foundBy, guardedIn, UNKEPT, type Guarded } from "./protected-things.ts";
import { sightingOf } from "./sighting.ts";
import { followParents } from "./tree-path.ts";
import { isSpent, newBudget, type Budget, type TreeNode } from "./tree.ts";

/** Evidence is for people: enough of each thing to act upon. */
const MAX_SIGHTINGS = 10;

type Lost = { readonly guarded: Guarded; readonly note: string; layer: number | undefined };

type Watch = { readonly image: MergedImage; readonly budget: Budget };

/**
 * What the layers above each of these depths do to protected things of those below: a way by which a program reached one
 * leads elsewhere in the end, or to nothing. `undefined` if its links make that more work than is done for one image.
 */
export function changesAbove(
  image: MergedImage,
  depths: ReadonlySet<number>,
): ReadonlyMap<number, readonly ProtectedChange[]> | undefined {
  const watch: Watch = { image, budget: newBudget() };
  const lost = new Map<number, readonly Lost[]>();
  const emptied = new Set<number>();
  const open: Lost[] = [];
  mergeLayers(
    image.layers.map(({ facts }) => facts),
    (root, count) => {
      for (const one of open.filter(({ layer }) => layer === undefined)) {
        if (foundBy(one.guarded, root, watch.budget) !== one.guarded.found) one.layer = count - 1;
      }
      if (!depths.has(count) || count === image.layers.length) return;
      const here = lostAbove(count, root, watch);
      lost.set(count, here);
      for (const one of here) open.push(one);
      if (isEmptied(count, root, watch)) emptied.add(count);
    },
  );
  if (isSpent(watch.budget)) return undefined;
  const changes = [...lost].map(([depth, all]): [number, readonly ProtectedChange[]] => [
    depth,
    emptied.has(depth) ? everything(image, depth) : changesOf(image, depth, all),
  ]);
  return new Map(changes);
}

function lostAbove(depth: number, root: TreeNode, watch: Watch): readonly Lost[] {
  return guardedIn(root, watch.budget).flatMap((guarded) => lostOf(guarded, depth, watch));
}

function lostOf(guarded: Guarded, depth: number, { image, budget }: Watch): readonly Lost[] {
  if (guarded.found === UNKEPT) {
    return [{ guarded, note: "leads to a file that is not looked at, so that a change would not show", layer: depth }];
  }
  const now = foundBy(guarded, image.tree.root, budget);
  if (now !== guarded.found) return [{ guarded, note: now === "" ? "hidden" : "replaced", layer: undefined }];
  const layer = throughLink(guarded, depth, { image, budget });
  return layer === undefined ? [] : [{ guarded, note: "replaced where unpacking follows links", layer }];
}

/** What stands over a lower link here stands where the link leads with snapshotters that follow it (reference: inspection, 1.7). */
function throughLink({ real }: Guarded, depth: number, { image, budget }: Watch): number | undefined {
  const { overLinks, root } = image.tree;
  return overLinks.find(({ layer, path, target }) => {
    budget.steps -= 1;
    if (layer < depth || target === undefined || isSpent(budget)) return false;
    const below = target === "" ? `/${real}` : real.startsWith(`${target}/`) ? real.slice(target.length) : undefined;
    return below !== undefined && followParents(root, `${path}${below}`, budget)?.node !== undefined;
  })?.layer;
}

/** Whether whiteouts left nothing of the lowest layers: then it is not this base that the image is run on. */
function isEmptied(depth: number, root: TreeNode, { image, budget }: Watch): boolean {
  const above = image.layers.slice(depth).map(({ facts }) => facts);
  if (above.some(({ whiteouts }) => whiteouts.some(({ kind, path }) => kind === "opaque" && path === ""))) return true;
  const hasAny = (tree: TreeNode): boolean => holdsBelow(tree, depth, budget);
  return above.some(hides) && hasAny(root) && !hasAny(image.tree.root);
}

/** A character device 0:0 is a whiteout to overlayfs. */
function hides({ entries, whiteouts }: LayerFacts): boolean {
  return whiteouts.length > 0 || entries.some(({ device, kind }) => kind === "character" && device === "0:0");
}

/** Whether a tree has anything but directories of layers below this one. */
function holdsBelow(root: TreeNode, layer: number, budget: Budget): boolean {
  const pending = [root];
  for (let here = pending.pop(); here !== undefined && !isSpent(budget); here = pending.pop()) {
    for (const node of here.children.values()) {
      budget.steps -= 1;
      if (node.kind === "directory") pending.push(node);
      else if (node.layer < layer) return true;
    }
  }
  return false;
}

function everything(image: MergedImage, depth: number): readonly ProtectedChange[] {
  const hiding = image.layers.findIndex(({ facts }, at) => at >= depth && hides(facts));
  const seen = { layer: Math.max(hiding, depth), path: "" };
  const sighting = sightingOf(image, seen, "hides everything of the base image");
  return PROTECTED_THINGS.map((thing) => ({ thing, sighting }));
}

function changesOf(image: MergedImage, depth: number, lost: readonly Lost[]): readonly ProtectedChange[] {
  return PROTECTED_THINGS.flatMap((thing) =>
    lost
      .filter(({ guarded }) => guarded.things.includes(thing))
      .slice(0, MAX_SIGHTINGS)
      .map(({ guarded, layer, note }): ProtectedChange => {
        const seen = { layer: layer ?? depth, path: guarded.path };
        return { thing, sighting: sightingOf(image, seen, note) };
      }),
  );
}
