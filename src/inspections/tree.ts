import type { EntryKind, LayerEntry } from "../domain/layer-facts.ts";

import { MAX_TREE_NODES, MAX_TREE_STEPS } from "./layer-limits.ts";

/** One file of an image. Hard links share the node. `whiteout` exists in a single layer's tree only. */
export type TreeNode = {
  readonly kind: Exclude<EntryKind, "hardlink"> | "whiteout";
  /** Position of the layer it came from, and the path it has there. */
  readonly layer: number;
  readonly path: string;
  mode: number;
  uid: number;
  gid: number;
  readonly size: number;
  readonly link: string;
  readonly head: string;
  readonly capability: string;
  readonly nature: string;
  /** The whole content where it was read; a runtime-readable file without it counts as unread. */
  readonly body: string | undefined;
  /** Packages that a database which is no text lists. */
  readonly count: number | undefined;
  /** Empty for everything but directories. */
  children: Map<string, TreeNode>;
  /** An entry of its own, not only somebody's parent. */
  explicit: boolean;
  /** Hides all lower children. */
  opaque: boolean;
  /** A whiteout of the same layer hides what stood here below. */
  replaced: boolean;
  /** Took the place of a lower symbolic link merely by being somebody's parent. */
  overLink: boolean;
};

/** What would make two unpackers build two trees, or us too large a one. */
export type TreeDoubt = { readonly layer: number; readonly path: string; readonly why: string };

/** Work left to be done for one image, so that links cannot multiply it. */
export type Budget = { nodes: number; steps: number };

export function newBudget(): Budget {
  return { nodes: MAX_TREE_NODES, steps: MAX_TREE_STEPS };
}

export function isSpent(budget: Budget): boolean {
  return budget.nodes < 0 || budget.steps < 0;
}

export function directoryNode(layer: number, path: string): TreeNode {
  return { ...plainNode("directory", layer, path), mode: 0o755, children: new Map() };
}

export function whiteoutNode(layer: number, path: string): TreeNode {
  return plainNode("whiteout", layer, path);
}

const NO_CHILDREN: Map<string, TreeNode> = new Map();

function plainNode(kind: TreeNode["kind"], layer: number, path: string): TreeNode {
  return {
    kind,
    layer,
    path,
    mode: 0,
    uid: 0,
    gid: 0,
    size: 0,
    link: "",
    head: "",
    capability: "",
    nature: "",
    body: undefined,
    count: undefined,
    children: NO_CHILDREN,
    explicit: false,
    opaque: false,
    replaced: false,
    overLink: false,
  };
}

/** The node of a layer's entry; `kind` is told apart because a hard link becomes a file. */
export function entryNode(
  kind: TreeNode["kind"],
  layer: number,
  entry: LayerEntry,
  read: Partial<Pick<TreeNode, "body" | "count">>,
): TreeNode {
  return {
    ...plainNode(kind, layer, entry.path),
    mode: entry.mode,
    uid: entry.uid,
    gid: entry.gid,
    size: entry.size,
    link: kind === "symlink" ? entry.link : "",
    head: entry.head,
    capability: entry.capability,
    nature: entry.nature,
    body: read.body,
    count: read.count,
    children: kind === "directory" ? new Map<string, TreeNode>() : NO_CHILDREN,
    explicit: true,
  };
}
