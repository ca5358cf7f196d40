import type { Flaw } from "../../domain/lint.ts";

import type { MergedImage } from "../inspection.ts";
import { sightingOf } from "../sighting.ts";
import { readText } from "../text-file.ts";
import type { TreeNode } from "../tree.ts";
import { firstFlaws, layerLint, shown } from "./lint.ts";

const WORLD_WRITABLE = 0o002;
const STICKY = 0o1000;
/** The runtime mounts its own file systems there. */
const MOUNTED = new Set(["dev", "proc", "sys"]);

/** Files that everybody may write, and directories in which everybody may replace everybody's files. */
export const worldWritable = layerLint(1, (image) =>
  firstFlaws(openPlaces(image.tree.root), (place) => writableFlaw(image, place)),
);

type Place = { readonly node: TreeNode; readonly path: string };

function openPlaces(root: TreeNode): readonly Place[] {
  const open: Place[] = [];
  const pending: Place[] = [{ node: root, path: "" }];
  for (let here = pending.pop(); here !== undefined; here = pending.pop()) {
    for (const [name, node] of here.node.children) {
      const place = { node, path: here.path === "" ? name : `${here.path}/${name}` };
      if (MOUNTED.has(place.path)) continue;
      if (isOpen(node)) open.push(place);
      if (node.kind === "directory") pending.push(place);
    }
  }
  return open;
}

function isOpen({ kind, mode }: TreeNode): boolean {
  if (kind === "file") return (mode & WORLD_WRITABLE) !== 0;
  return kind === "directory" && (mode & (WORLD_WRITABLE | STICKY)) === WORLD_WRITABLE;
}

function writableFlaw(image: MergedImage, { node, path }: Place): Flaw {
  const mend =
    node.kind === "file" ? "take the write bit from others" : "set its sticky bit, or take the write bit from others";
  const what = `the ${node.kind} ${shown(path)} is writable by everybody: ${mend}`;
  return { what, sighting: sightingOf(image, { layer: node.layer, path }, `mode ${node.mode.toString(8)}`) };
}

/** A library that every program of the image loads first, whoever starts it. */
export const preloadedLibrary = layerLint(1, (image) => {
  const file = readText(image, "etc/ld.so.preload");
  if (file.kind === "absent" || (file.kind === "read" && file.text.trim() === "")) return [];
  const what =
    "etc/ld.so.preload makes every program load a library first: remove it, or set LD_PRELOAD for the one that needs it";
  return [{ what, sighting: file.sighting }];
});
