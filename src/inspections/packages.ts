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
  /** Absent for databases that are no text: they were counted where they were read. */
  readonly count?: (body: string) => number;
  /** Another form of the same database, which is counted in its stead. */
  readonly unless?: string;
};

const RPM_MANIFEST = "var/lib/rpmmanifest/container-manifest";

const FILE_DATABASES: readonly FileDatabase[] = [
  { name: "dpkg", path: "var/lib/dpkg/status", count: countStanzas },
  { name: "opkg", path: "usr/lib/opkg/status", count: countStanzas },
  { name: "apk", path: "lib/apk/db/installed", count: countApk },
  { name: "apk", path: "usr/lib/apk/db/installed", count: countApk },
  { name: "rpm", path: "var/lib/rpm/Packages" },
  { name: "rpm", path: "var/lib/rpm/Packages.db" },
  { name: "rpm", path: "var/lib/rpm/rpmdb.sqlite" },
  { name: "rpm", path: "usr/lib/sysimage/rpm/Packages" },
  { name: "rpm", path: "usr/lib/sysimage/rpm/Packages.db" },
  { name: "rpm", path: "usr/lib/sysimage/rpm/rpmdb.sqlite" },
  { name: "rpm", path: "usr/share/rpm/rpmdb.sqlite" },
  { name: "rpmmanifest", path: `${RPM_MANIFEST}-2`, count: countLines },
  { name: "rpmmanifest", path: `${RPM_MANIFEST}-1`, count: countLines, unless: `${RPM_MANIFEST}-2` },
  { name: "chisel", path: "var/lib/chisel/manifest.wall" },
];

/** Directories with one directory a package. */
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
  for (const { name, path, count, unless } of FILE_DATABASES) {
    const node = lookUp(root, path);
    const isOther = unless !== undefined && lookUp(root, unless)?.kind === "file";
    if (node?.kind === "file" && !isOther)
      found.set(node, { name, node, packages: packagesIn(root, path, { node, count }) });
  }
  for (const { name, path } of FOLDER_DATABASES) {
    const node = lookUp(root, path);
    const packages = node === undefined ? 0 : packagesBelow(node);
    if (node !== undefined && packages > 0) found.set(node, { name, node, packages });
  }
  for (const database of [statusFolder(root), portage(root)])
    if (database !== undefined) found.set(database.node, database);
  return [...found.values()];
}

function packagesIn(
  root: TreeNode,
  path: string,
  { node, count }: { readonly node: TreeNode; readonly count: FileDatabase["count"] },
): number | undefined {
  if (count !== undefined) return node.body === undefined ? undefined : count(node.body);
  // Rows that SQLite has not yet put where they belong.
  return (lookUp(root, `${path}-wal`)?.size ?? 0) > 0 ? undefined : node.count;
}

/** What begins with a dot, or is a file beside directories, is the package manager's own. */
function packagesBelow(folder: TreeNode): number {
  return [...folder.children].filter(([name, { kind }]) => kind === "directory" && !name.startsWith(".")).length;
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
  const packages = [...(node?.children ?? [])].filter(
    ([name, { kind }]) => kind !== "directory" && isStanzaPath(`${STATUS_D}/${name}`),
  ).length;
  return node === undefined || packages === 0 ? undefined : { name: "status.d", node, packages };
}

function portage(root: TreeNode): PackageDatabase | undefined {
  const node = lookUp(root, PORTAGE);
  const packages = [...(node?.children.values() ?? [])].reduce((sum, category) => sum + packagesBelow(category), 0);
  return node === undefined || packages === 0 ? undefined : { name: "portage", node, packages };
}

/**
 * RFC 822 stanzas between blank lines; field names in any case (deb822). Without a Status a package counts as installed, as
 * distroless writes them.
 */
function countStanzas(body: string): number {
  return body.split(/\n[ \t\r]*\n/).filter((stanza) => {
    const status = /^Status:(.*)$/im.exec(stanza)?.[1] ?? "";
    return /^Package:/im.test(stanza) && !/\b(?:deinstall|purge)\b/.test(status);
  }).length;
}

function countApk(body: string): number {
  return body.split("\n").filter((line) => line.startsWith("P:")).length;
}

function countLines(body: string): number {
  return body.split("\n").filter((line) => line.trim() !== "").length;
}
