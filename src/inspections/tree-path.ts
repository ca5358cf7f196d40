import type { Budget, TreeNode } from "./tree.ts";

/** Linux MAXSYMLINKS: beyond it the kernel answers ELOOP. */
const MAX_HOPS = 40;

/** Where a path leads inside a tree. `names` are the real parts of the path, links followed, `..` clamped at the root. */
export type TreePlace = {
  readonly names: readonly string[];
  /** Every node passed, links included, in order; the last is the one found, if any. */
  readonly passed: readonly TreeNode[];
  readonly node: TreeNode | undefined;
};

type Step = { readonly name: string; readonly node: TreeNode | undefined };

type Journey = {
  readonly root: TreeNode;
  readonly budget: Budget;
  /** Parts still to go, the next one last. */
  readonly pending: string[];
  readonly steps: Step[];
  readonly passed: TreeNode[];
  hops: number;
};

/**
 * Follows a path part by part. Absolute links start again at the root, which nothing leaves. Parts that do not exist are
 * taken literally, and the node is then `undefined`. `undefined` altogether: too many links.
 */
export function followPath(root: TreeNode, path: string, budget: Budget): TreePlace | undefined {
  const journey: Journey = { root, budget, pending: [], steps: [], passed: [], hops: 0 };
  head(journey, path);
  for (let name = journey.pending.pop(); name !== undefined; name = journey.pending.pop()) {
    if (journey.hops > MAX_HOPS || budget.steps < 0) return undefined;
    if (name === "..") journey.steps.pop();
    else if (name !== "" && name !== ".") go(journey, name);
  }
  if (journey.hops > MAX_HOPS || budget.steps < 0) return undefined;
  return { names: journey.steps.map((step) => step.name), passed: journey.passed, node: nodeOf(journey) };
}

/** Puts the parts of a path before whatever is still to go. */
function head(journey: Journey, path: string): void {
  const parts = path.split("/").toReversed();
  journey.budget.steps -= parts.length;
  for (const part of parts) journey.pending.push(part);
}

function go(journey: Journey, name: string): void {
  const node = nodeOf(journey)?.children.get(name);
  if (node !== undefined) journey.passed.push(node);
  if (node?.kind !== "symlink") {
    journey.steps.push({ name, node });
    return;
  }
  journey.hops += 1;
  if (node.link.startsWith("/")) journey.steps.length = 0;
  head(journey, node.link);
}

function nodeOf(journey: Journey): TreeNode | undefined {
  return journey.steps.length === 0 ? journey.root : journey.steps.at(-1)?.node;
}

/** As `followPath`, but a link in the last place is itself what is found, as for `lstat`. */
export function followParents(root: TreeNode, path: string, budget: Budget): TreePlace | undefined {
  const slash = path.lastIndexOf("/");
  const parent = followPath(root, path.slice(0, Math.max(0, slash)), budget);
  const base = path.slice(slash + 1);
  if (parent === undefined || base === "" || base === "." || base === "..") return parent;
  const node = parent.node?.children.get(base);
  return {
    names: [...parent.names, base],
    passed: node === undefined ? parent.passed : [...parent.passed, node],
    node,
  };
}
