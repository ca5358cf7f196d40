import { isStanzaPath } from "./kept-entries.ts";
import { followPath } from "./tree-path.ts";
import { newBudget, type TreeNode } from "./tree.ts";

/** A package database found in the merged tree. `packages` is `undefined` where we cannot count. */
export type PackageDatabase = {
  readonly name: string;
  readonly node: TreeNode;
  readonly packages: number | undefined;
};

type FileDatabase = {
  readonly name: string;
  readonly path: string;
  readonly count: (body: string) => number | undefined;
};

const uncounted = (): undefined => undefined;

const FILE_DATABASES: readonly FileDatabase[] = [
  { name: "dpkg", path: "var/lib/dpkg/status", count: countStanzas },
  { name: "opkg", path: "usr/lib/opkg/status", count: countStanzas },
  { name: "apk", path: "lib/apk/db/installed", count: countApk },
  { name: "apk", path: "usr/lib/apk/db/installed", count: countApk },
  { name: "rpm", path: "var/lib/rpm/Packages", count: uncounted },
  { name: "rpm", path: "var/lib/rpm/Packages.db", count: uncounted },
  { name: "rpm", path: "var/lib/rpm/rpmdb.sqlite", count: uncounted },
  { name: "rpm", path: "usr/lib/sysimage/rpm/Packages", count: uncounted },
  { name: "rpm", path: "usr/lib/sysimage/rpm/Packages.db", count: uncounted },
  { name: "rpm", path: "usr/lib/sysimage/rpm/rpmdb.sqlite", count: uncounted },
  { name: "rpm", path: "usr/share/rpm/rpmdb.sqlite", count: uncounted },
  { name: "rpmmanifest", path: "var/lib/rpmmanifest/container-manifest-2", count: countLines },
  { name: "chisel", path: "var/lib/chisel/manifest.wall", count: uncounted },
];

/** Directories with one child a package. */
const FOLDER_DATABASES = [
  { name: "pacman", path: "var/lib/pacman/local" },
  { name: "nix", path: "nix/store" },
] as const;

/** Where a package database is one file. */
export const DATABASE_PATHS: readonly string[] = FILE_DATABASES.map(({ path }) => path);

/** Where one is a folder of small files, each of which tells of a package. */
export const DATABASE_FOLDERS: readonly string[] = ["var/lib/dpkg/status.d", "var/lib/pacman/local", "var/db/pkg"];

const STATUS_D = "var/lib/dpkg/status.d";
const PORTAGE = "var/db/pkg";

/** Every package database, each once whatever links lead to it. */
export function findPackageDatabases(root: TreeNode): readonly PackageDatabase[] {
  const found = new Map<TreeNode, PackageDatabase>();
  for (const { name, path, count } of FILE_DATABASES) {
    const node = lookUp(root, path);
    if (node?.kind === "file")
      found.set(node, { name, node, packages: node.body === undefined ? undefined : count(node.body) });
  }
  for (const { name, path } of FOLDER_DATABASES) {
    const node = lookUp(root, path);
    if (node !== undefined && node.children.size > 0) found.set(node, { name, node, packages: node.children.size });
  }
  for (const database of [statusFolder(root), portage(root)])
    if (database !== undefined) found.set(database.node, database);
  return [...found.values()];
}

/** All packages together; `undefined` if one database cannot be counted. */
export function countPackages(databases: readonly PackageDatabase[]): number | undefined {
  return databases.reduce<number | undefined>(
    (sum, one) => (sum === undefined || one.packages === undefined ? undefined : sum + one.packages),
    0,
  );
}

function lookUp(root: TreeNode, path: string): TreeNode | undefined {
  return followPath(root, path, newBudget())?.node;
}

/** One stanza a file, spread over many layers, with md5sums and scripts beside it (distroless, PACKAGE_METADATA.md). */
function statusFolder(root: TreeNode): PackageDatabase | undefined {
  const node = lookUp(root, STATUS_D);
  const packages = [...(node?.children.keys() ?? [])].filter((name) => isStanzaPath(`${STATUS_D}/${name}`)).length;
  return node === undefined || packages === 0 ? undefined : { name: "status.d", node, packages };
}

function portage(root: TreeNode): PackageDatabase | undefined {
  const node = lookUp(root, PORTAGE);
  const packages = [...(node?.children.values() ?? [])].reduce((sum, category) => sum + category.children.size, 0);
  return node === undefined || packages === 0 ? undefined : { name: "portage", node, packages };
}

/** RFC 822 stanzas; without a Status a package counts as installed, as distroless writes them. */
function countStanzas(body: string): number {
  return body.split("\n\n").filter((stanza) => {
    const status = /^Status:(.*)$/m.exec(stanza)?.[1] ?? "";
    return /^Package:/m.test(stanza) && !/\b(?:deinstall|purge)\b/.test(status);
  }).length;
}

function countApk(body: string): number {
  return body.split("\n").filter((line) => line.startsWith("P:")).length;
}

function countLines(body: string): number {
  return body.split("\n").filter((line) => line.trim() !== "").length;
}
