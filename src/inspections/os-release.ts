import { followPath } from "./tree-path.ts";
import { newBudget, type TreeNode } from "./tree.ts";

/** What an image says its distribution is: a hint, since anybody can write it (os-release(5)). */
export type OsRelease = { readonly node: TreeNode; readonly values: ReadonlyMap<string, string> };

/** `etc/os-release` counts before `usr/lib/os-release`; an empty file is no identity. */
export function findOsRelease(root: TreeNode): OsRelease | undefined {
  for (const path of ["etc/os-release", "usr/lib/os-release"]) {
    const node = followPath(root, path, newBudget())?.node;
    if (node?.kind === "file" && node.size > 0) return { node, values: parseOsRelease(node.body ?? "") };
  }
  return undefined;
}

export function parseOsRelease(text: string): ReadonlyMap<string, string> {
  const values = new Map<string, string>();
  for (const line of text.split("\n")) {
    const match = /^([A-Z0-9_]+)=(.*)$/.exec(line.trim());
    if (match?.[1] !== undefined) values.set(match[1], unquote(match[2] ?? ""));
  }
  return values;
}

function unquote(value: string): string {
  const quote = value[0];
  if ((quote !== '"' && quote !== "'") || value.length < 2 || !value.endsWith(quote)) return value;
  const inner = value.slice(1, -1);
  return quote === '"' ? inner.replaceAll(/\\(["$`\\])/g, "$1") : inner;
}
