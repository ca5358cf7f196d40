import type { ProtectedThing } from "../domain/base-image.ts";

import { isLibcName, isLoaderName } from "./executables.ts";
import { DATABASE_FOLDERS, DATABASE_PATHS } from "./packages.ts";
import { followParents, followPath } from "./tree-path.ts";
import type { Budget, TreeNode } from "./tree.ts";

/**
 * One way to reach something protected. `link`: the file or symbolic link at just this path; `path`: whatever the path
 * leads to, links followed, as programs open it.
 */
export type Way = { readonly by: "link" | "path"; readonly path: string };

/** A way in a base image, and what was found by it there. */
export type Guarded = Way & {
  readonly things: readonly ProtectedThing[];
  readonly found: string;
  /** The path with all links followed. */
  readonly real: string;
};

/** Where programs look for the certificates they trust (Go `crypto/x509`, root_linux.go; OpenSSL). */
const BUNDLES = [
  "etc/ssl/certs/ca-certificates.crt",
  "etc/pki/tls/certs/ca-bundle.crt",
  "etc/ssl/ca-bundle.pem",
  "etc/pki/tls/cacert.pem",
  "etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
  "etc/ca-certificates/extracted/tls-ca-bundle.pem",
  "etc/ssl/cert.pem",
] as const;

const OPENED: readonly (readonly [ProtectedThing, readonly string[]])[] = [
  ["ca-certificates", BUNDLES],
  ["users", ["etc/passwd", "etc/group"]],
  ["package-database", [...DATABASE_PATHS, "var/lib/rpmmanifest/container-manifest-1"]],
];

type Seen = { readonly path: string; readonly node: TreeNode };

/** Everything protected that a tree has, by every way that leads to it. May spend the budget, and is then incomplete. */
export function guardedIn(root: TreeNode, budget: Budget): readonly Guarded[] {
  const all = everythingIn(root, budget);
  const opened = OPENED.flatMap(([thing, paths]) => paths.flatMap((path) => openedBy(thing, path, root, budget)));
  const filed = DATABASE_FOLDERS.flatMap((folder) => filesBelow(folder, root, budget));
  const named = all.flatMap((seen) => namedAs(seen));
  const real = realPaths(named, root, budget);
  const links = all.filter(({ node }) => node.kind === "symlink");
  return [...opened, ...filed, ...named, ...links.flatMap((link) => aliasOf(link, real, root, budget))];
}

/** Found by a link that leads to something of which nothing is kept, so that nobody could tell it from another. */
export const UNKEPT = "unkept";

/** What a way leads to: the kept entry's layer and path, which no other entry shares. Empty if to nothing. */
export function foundBy({ by, path }: Way, root: TreeNode, budget: Budget): string {
  const place = by === "link" ? followParents(root, path, budget) : followPath(root, path, budget);
  // A link in the middle of the path would make this another way.
  if (by === "link" && place?.names.join("/") !== path) return "";
  if (place?.node !== undefined) return nameOf(place.node);
  return by === "path" && followParents(root, path, budget)?.node?.kind === "symlink" ? UNKEPT : "";
}

function nameOf({ kind, layer, path }: TreeNode): string {
  return `${kind} ${layer} ${path}`;
}

function everythingIn(root: TreeNode, budget: Budget): readonly Seen[] {
  const found: Seen[] = [];
  const pending: Seen[] = [{ path: "", node: root }];
  for (let here = pending.pop(); here !== undefined && budget.steps >= 0; here = pending.pop()) {
    for (const [base, node] of here.node.children) {
      budget.steps -= 1;
      const seen = { path: here.path === "" ? base : `${here.path}/${base}`, node };
      (node.kind === "directory" ? pending : found).push(seen);
    }
  }
  return found;
}

function openedBy(thing: ProtectedThing, path: string, root: TreeNode, budget: Budget): readonly Guarded[] {
  const way: Way = { by: "path", path };
  const found = foundBy(way, root, budget);
  if (found === "" || found.startsWith("directory ")) return [];
  return [{ ...way, things: [thing], found, real: realPath(root, path, budget) }];
}

function filesBelow(folder: string, root: TreeNode, budget: Budget): readonly Guarded[] {
  const node = followPath(root, folder, budget)?.node;
  if (node?.kind !== "directory") return [];
  return everythingIn(node, budget).flatMap(({ path }) =>
    openedBy("package-database", `${folder}/${path}`, root, budget),
  );
}

function namedAs({ path, node }: Seen): readonly Guarded[] {
  const base = path.slice(path.lastIndexOf("/") + 1);
  const things: ProtectedThing[] = [];
  if (isLoaderName(base)) things.push("loader");
  if (isLibcName(base)) things.push("libc");
  return things.length === 0 ? [] : [{ by: "link", path, things, found: nameOf(node), real: path }];
}

/** The path itself, where its links lead in a circle. */
function realPath(root: TreeNode, path: string, budget: Budget): string {
  return followPath(root, path, budget)?.names.join("/") ?? path;
}

/** Protected programs and all directories they stand in, by their real paths; the root is every path's, and left out. */
function realPaths(
  named: readonly Guarded[],
  root: TreeNode,
  budget: Budget,
): ReadonlyMap<string, ReadonlySet<ProtectedThing>> {
  const real = new Map<string, Set<ProtectedThing>>();
  for (const { path, things } of named) {
    const names = realPath(root, path, budget).split("/");
    for (let depth = 1; depth <= names.length; depth += 1) {
      const at = names.slice(0, depth).join("/");
      const held = real.get(at) ?? new Set();
      for (const thing of things) held.add(thing);
      real.set(at, held);
    }
  }
  return real;
}

/** A link on a path by which programs reach a protected one, such as `lib -> usr/lib`. */
function aliasOf(
  { path, node }: Seen,
  real: ReadonlyMap<string, ReadonlySet<ProtectedThing>>,
  root: TreeNode,
  budget: Budget,
): readonly Guarded[] {
  const target = realPath(root, path, budget);
  const things = real.get(target);
  return things === undefined ? [] : [{ by: "link", path, things: [...things], found: nameOf(node), real: target }];
}
