import type { Sighting } from "../domain/sighting.ts";

import type { MergedImage } from "./inspection.ts";
import { cleanPath, isWithin } from "./layer-path.ts";
import { parseGroup, parsePasswd, type GroupLine, type UserLine } from "./passwd.ts";
import { sightingOf } from "./sighting.ts";
import { followPath, type TreePlace } from "./tree-path.ts";
import { newBudget } from "./tree.ts";

/** A user file of the image. `unusable` is not `absent`: what a runtime would read there is not known. */
export type UserFile<Line> =
  | { readonly kind: "read"; readonly lines: readonly Line[]; readonly sighting: Sighting }
  | { readonly kind: "absent" }
  | { readonly kind: "unusable"; readonly why: string };

export type UserFiles = { readonly passwd: UserFile<UserLine>; readonly group: UserFile<GroupLine> };

/** Places whose content is made when the container starts, not by the image. */
const RUNTIME_FOLDERS = ["proc", "sys", "dev", "run", "var/run", "tmp", "var/tmp"];

/** Looks up `etc/passwd` and `etc/group` as a runtime does inside the root, links followed. */
export function findUserFiles(image: MergedImage, volumes: readonly string[]): UserFiles {
  return {
    passwd: readUserFile(image, "etc/passwd", volumes, parsePasswd),
    group: readUserFile(image, "etc/group", volumes, parseGroup),
  };
}

function unusable(path: string, why: string): { readonly kind: "unusable"; readonly why: string } {
  return { kind: "unusable", why: `${path} ${why}` };
}

function readUserFile<Line>(
  image: MergedImage,
  path: string,
  volumes: readonly string[],
  parse: (text: string) => readonly Line[] | undefined,
): UserFile<Line> {
  const place = followPath(image.tree.root, path, newBudget());
  if (place === undefined) return unusable(path, "is reached through too many links");
  if (isRuntimeMade(place, path, volumes))
    return unusable(path, "stands where the runtime or a volume decides its content");
  if (isSnapshotterDependent(image, place, path)) {
    return unusable(path, "depends on how the node unpacks layers: one puts files over a link of a lower layer");
  }
  const node = place.node;
  if (node === undefined) return { kind: "absent" };
  if (node.kind !== "file") return unusable(path, `is a ${node.kind}`);
  if (node.body === undefined) return unusable(path, "was not read: it is too large, or has an unusual name");
  const lines = parse(node.body);
  return lines === undefined
    ? unusable(path, "has more than 100,000 lines, or one of more than 64 KiB")
    : { kind: "read", lines, sighting: sightingOf(image, node, path) };
}

function isRuntimeMade(place: TreePlace, path: string, volumes: readonly string[]): boolean {
  const folders = [...RUNTIME_FOLDERS, ...volumes.map(volumePath)];
  const visited = [path, place.names.join("/"), ...place.passed.map((node) => node.path)];
  return visited.some((one) => folders.some((folder) => isWithin(one, folder)));
}

/** A volume whose name cannot be cleaned counts as the root: everything is in it. */
function volumePath(volume: string): string {
  const clean = cleanPath(volume);
  return clean.kind === "path" ? clean.path : "";
}

/** Whether a layer put something over a lower link on the way, or in the place the link leads to. */
function isSnapshotterDependent(image: MergedImage, place: TreePlace, path: string): boolean {
  const { overLinks } = image.tree;
  if (overLinks.length === 0) return false;
  if (place.names.join("/") !== path || place.passed.some((node) => node.overLink)) return true;
  return overLinks.some((one) => one.target === undefined || isWithin(path, one.target) || isWithin(path, one.path));
}
