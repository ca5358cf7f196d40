import { followPath } from "./tree-path.ts";
import { newBudget, type TreeNode } from "./tree.ts";

/** What an image says its distribution is: a hint, since anybody can write it (os-release(5)). */
export type OsRelease = { readonly node: TreeNode; readonly values: ReadonlyMap<string, string> };

type Source = { readonly path: string; readonly read: (body: string) => ReadonlyMap<string, string> };

const SOURCES: readonly Source[] = [
  { path: "etc/os-release", read: parseOsRelease },
  { path: "usr/lib/os-release", read: parseOsRelease },
  // Older marks, which say little more than that there is a distribution.
  { path: "etc/alpine-release", read: () => new Map([["ID", "alpine"]]) },
  { path: "etc/debian_version", read: () => new Map([["ID", "debian"]]) },
  { path: "etc/redhat-release", read: () => new Map([["ID_LIKE", "rhel"]]) },
  { path: "etc/system-release-cpe", read: () => new Map() },
];

/** The first of the known places that holds anything; an empty file is no identity, an unread one is one of unknown name. */
export function findOsRelease(root: TreeNode): OsRelease | undefined {
  for (const { path, read } of SOURCES) {
    const node = followPath(root, path, newBudget())?.node;
    if (node?.kind === "file" && node.size > 0) return { node, values: read(node.body ?? "") };
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
