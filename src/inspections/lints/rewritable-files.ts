import type { UserFact } from "../../domain/facts.ts";
import type { Flaw } from "../../domain/lint.ts";

import type { InspectedImage, MergedImage } from "../inspection.ts";
import { sightingOf } from "../sighting.ts";
import { programPaths } from "../step-down.ts";
import { followPath } from "../tree-path.ts";
import { newBudget, type TreeNode } from "../tree.ts";
import { firstFlaws, shown } from "./lint.ts";

/** What programs of root read to know whom to trust or what to run. */
const READ_BY_ROOT = [
  "etc/passwd",
  "etc/shadow",
  "etc/sudoers",
  "etc/ld.so.preload",
  "etc/crontab",
  "sbin/init",
  "init",
];
/** Folders in which everything is run or obeyed by root. */
const FOLDERS_OF_ROOT =
  "etc/cron.d etc/cron.hourly etc/cron.daily etc/cron.weekly etc/cron.monthly etc/periodic/15min etc/periodic/hourly etc/periodic/daily etc/periodic/weekly etc/periodic/monthly etc/init.d etc/sudoers.d var/spool/cron/crontabs".split(
    " ",
  );

/** Who may write: the one the image starts as, or, where that is root or unknown, everybody else. */
type Writer = { readonly uid: number | undefined; readonly gids: readonly number[]; readonly isRoot: boolean };

/** Files that root runs or obeys and that somebody else may change, or put another in place of. */
export function rewritableFiles(image: MergedImage, { config }: InspectedImage, user: UserFact): readonly Flaw[] {
  const { root } = image.tree;
  const writer = writerOf(user);
  const inFolders = FOLDERS_OF_ROOT.flatMap((folder) => [folder, ...childrenOf(root, folder)]);
  // Whoever is not root runs the entrypoint as himself.
  const [entrypoint = config.cmd[0] ?? ""] = config.entrypoint;
  const started = writer.isRoot && entrypoint !== "" ? programPaths(entrypoint, config.workingDir) : [];
  const open = [...READ_BY_ROOT, ...inFolders, ...started].flatMap((path) => {
    const node = writableAt(root, path, writer);
    return node === undefined ? [] : [{ node, path: path.replace(/^\/+/, "") }];
  });
  return firstFlaws(open, ({ node, path }) => {
    const who = writer.isRoot || user.uid === undefined ? "others than root" : `the user ${user.uid}`;
    const what = `${shown(path)}, which root runs or obeys, can be changed by ${who}: give it to root, with mode 644 or 755`;
    return { what, sighting: sightingOf(image, { layer: node.layer, path }, `mode ${node.mode.toString(8)}`) };
  });
}

function writerOf({ uid, gidDocker, gidKubernetes, verdict }: UserFact): Writer {
  const gids = [gidDocker, gidKubernetes].filter((gid) => gid !== undefined);
  return { uid, gids, isRoot: verdict === "root" };
}

function childrenOf(root: TreeNode, folder: string): readonly string[] {
  const node = followPath(root, folder, newBudget())?.node;
  return [...(node?.children.keys() ?? [])].map((name) => `${folder}/${name}`);
}

const STICKY = 0o1000;

/** The node at the path if it exists and may be written, or if the folder it stands in lets it be replaced. */
function writableAt(root: TreeNode, path: string, writer: Writer): TreeNode | undefined {
  const place = followPath(root, path, newBudget());
  const node = place?.node;
  if (place === undefined || node === undefined) return undefined;
  if (isWritable(node, writer)) return node;
  const folder = place.passed.at(-2);
  const replaceable = folder?.kind === "directory" && isWritable(folder, writer) && (folder.mode & STICKY) === 0;
  return replaceable ? node : undefined;
}

function isWritable({ mode, uid, gid }: TreeNode, writer: Writer): boolean {
  if ((mode & 0o002) !== 0) return true;
  if (writer.isRoot || writer.uid === undefined) return uid !== 0 && (mode & 0o200) !== 0;
  if (uid === writer.uid) return (mode & 0o200) !== 0;
  return writer.gids.includes(gid) && (mode & 0o020) !== 0;
}
