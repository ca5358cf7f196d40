import { isElf, isMultiCallName, isScript, isSharedLibraryName } from "./executables.ts";
import { isMultiCallNature } from "./program-nature.ts";
import { followPath } from "./tree-path.ts";
import { newBudget, type TreeNode } from "./tree.ts";

/** A way to reach a file: its own path, or that of a link to it. */
export type Found = {
  /** In the merged tree. */
  readonly path: string;
  readonly base: string;
  /** The layer that put this path there. */
  readonly layer: number;
  /** The file reached, links followed. */
  readonly node: TreeNode;
};

/** Everything in the merged tree that composition asks about. */
export type Survey = {
  /** Every regular file, executable or not, by each of its names. */
  readonly files: readonly Found[];
  /** Executable files by their names and by every link to them. */
  readonly programs: readonly Found[];
  /** Files that are busybox or toybox under any of their names. */
  readonly multiCall: ReadonlySet<TreeNode>;
  /** Distinct ELF executables, shared libraries left out. */
  readonly elfExecutables: number;
};

const ANY_EXECUTE = 0o111;

/** Looks at each path once. `undefined` if links make that more work than is done for one image. */
export function surveyTree(root: TreeNode): Survey | undefined {
  const files: Found[] = [];
  const links: Found[] = [];
  collect(root, files, links);
  const budget = newBudget();
  const programs = files.filter((file) => isExecutable(file.node));
  for (const link of links) {
    const target = followPath(root, link.path, budget)?.node;
    if (target?.kind === "file" && isExecutable(target)) programs.push({ ...link, node: target });
  }
  if (budget.steps < 0) return undefined;
  const elf = files.filter(
    (file) => isExecutable(file.node) && isElf(file.node.head) && !isSharedLibraryName(file.base),
  );
  return {
    files,
    programs,
    multiCall: new Set(
      files
        .filter(({ base, node }) => isMultiCallNature(node.nature) || (isMultiCallName(base) && !isScript(node.head)))
        .map((file) => file.node),
    ),
    elfExecutables: new Set(elf.map((file) => file.node)).size,
  };
}

function isExecutable(node: TreeNode): boolean {
  return (node.mode & ANY_EXECUTE) !== 0;
}

function collect(root: TreeNode, files: Found[], links: Found[]): void {
  const pending: { readonly path: string; readonly node: TreeNode }[] = [{ path: "", node: root }];
  for (let here = pending.pop(); here !== undefined; here = pending.pop()) {
    for (const [base, node] of here.node.children) {
      const path = here.path === "" ? base : `${here.path}/${base}`;
      if (node.kind === "directory") pending.push({ path, node });
      else if (node.kind === "file") files.push({ path, base, layer: node.layer, node });
      else if (node.kind === "symlink") links.push({ path, base, layer: node.layer, node });
    }
  }
}
