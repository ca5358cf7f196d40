import type { Sighting } from "../domain/sighting.ts";

import type { MergedImage } from "./inspection.ts";
import { sightingOf } from "./sighting.ts";
import { followPath } from "./tree-path.ts";
import { newBudget, type TreeNode } from "./tree.ts";

/** A file's whole text, links followed. `unread` is not `absent`: it is too large, no file, or nobody kept its content. */
export type TextFile =
  | { readonly kind: "read"; readonly text: string; readonly node: TreeNode; readonly sighting: Sighting }
  | { readonly kind: "unread"; readonly sighting: Sighting | undefined }
  | { readonly kind: "absent" };

/** What stands at a path of the merged image. */
export function readText(image: MergedImage, path: string): TextFile {
  const place = followPath(image.tree.root, path, newBudget());
  if (place === undefined) return { kind: "unread", sighting: undefined };
  const { node } = place;
  // Where a link leads, the file may stand and not have been kept.
  const link = place.passed.find((one) => one.kind === "symlink");
  if (node === undefined) {
    return link === undefined ? { kind: "absent" } : { kind: "unread", sighting: sightingOf(image, link, path) };
  }
  const sighting = sightingOf(image, node, path);
  return node.kind === "file" && node.body !== undefined
    ? { kind: "read", text: node.body, node, sighting }
    : { kind: "unread", sighting };
}
