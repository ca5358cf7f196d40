import type { LayerFacts } from "../domain/layer-facts.ts";

import { unpackLayer } from "./layer-tree.ts";
import { followPath } from "./tree-path.ts";
import { directoryNode, isSpent, newBudget, type Budget, type TreeDoubt, type TreeNode } from "./tree.ts";

/** A directory that a layer put over a lower symbolic link without saying so: where its children land depends on the snapshotter. */
type OverLink = {
  readonly layer: number;
  readonly path: string;
  /** Where the link led, so where another snapshotter puts them. */
  readonly target: string | undefined;
};

/** The file system a container would see, from the kept entries of all layers. */
export type MergedTree = {
  readonly root: TreeNode;
  readonly overLinks: readonly OverLink[];
  /** Reasons not to rely on it at all. */
  readonly doubts: readonly TreeDoubt[];
};

type Merging = {
  readonly layer: number;
  readonly base: TreeNode;
  readonly overLinks: OverLink[];
  readonly doubts: TreeDoubt[];
  readonly budget: Budget;
};

/**
 * Lays the layers over each other, lowest first, as overlayfs does (image-spec, layer.md): opaque directories, then
 * whiteouts, then additions. Paths are literal: a child over a lower link makes a directory of it. `after` is shown the
 * tree of the first so many layers, which it must leave as it is.
 */
export function mergeLayers(
  layers: readonly LayerFacts[],
  after: (root: TreeNode, layers: number) => void = () => undefined,
): MergedTree {
  const root = directoryNode(0, "");
  const budget = newBudget();
  const doubts: TreeDoubt[] = [];
  const overLinks: OverLink[] = [];
  for (const [layer, facts] of layers.entries()) {
    const upper = unpackLayer(facts, { layer, lower: root, budget, doubts });
    if (isSpent(budget)) break;
    merge(root, upper, "", { layer, base: root, overLinks, doubts, budget });
    after(root, layer + 1);
  }
  if (isSpent(budget))
    doubts.push({ layer: layers.length, path: "", why: "has more files or links than are looked at" });
  return { root, overLinks, doubts };
}

function merge(lower: TreeNode, upper: TreeNode, path: string, merging: Merging): void {
  if (upper.opaque) lower.children = new Map();
  if (upper.explicit) {
    lower.mode = upper.mode;
    lower.uid = upper.uid;
    lower.gid = upper.gid;
  }
  for (const [name, node] of upper.children) {
    merging.budget.steps -= 1;
    place(lower, name, node, { path: path === "" ? name : `${path}/${name}`, merging });
  }
}

function place(
  parent: TreeNode,
  name: string,
  node: TreeNode,
  at: { readonly path: string; readonly merging: Merging },
): void {
  const below = parent.children.get(name);
  if (node.kind === "whiteout") {
    parent.children.delete(name);
  } else if (node.kind !== "directory") {
    parent.children.set(name, node);
  } else if (below?.kind === "directory") {
    // The specification hides what was below; overlayfs shows it again once the directory stands there.
    if (node.replaced && below.children.size > 0) {
      at.merging.doubts.push({
        layer: at.merging.layer,
        path: at.path,
        why: "is both hidden and a directory in one layer",
      });
    }
    merge(below, node, at.path, at.merging);
  } else {
    const made = directoryNode(node.layer, node.path);
    if (below?.kind === "symlink" && !node.explicit) markOverLink(made, below, at);
    parent.children.set(name, made);
    merge(made, { ...node, explicit: true }, at.path, at.merging);
  }
}

function markOverLink(made: TreeNode, link: TreeNode, at: { readonly path: string; readonly merging: Merging }): void {
  const { base, budget, layer, overLinks } = at.merging;
  const folder = at.path.slice(0, Math.max(0, at.path.lastIndexOf("/")));
  const target = followPath(base, link.link.startsWith("/") ? link.link : `${folder}/${link.link}`, budget);
  made.overLink = true;
  overLinks.push({ layer, path: at.path, target: target?.names.join("/") });
}
