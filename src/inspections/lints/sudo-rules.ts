import type { Flaw } from "../../domain/lint.ts";

import type { MergedImage } from "../inspection.ts";
import { readText } from "../text-file.ts";
import { followPath } from "../tree-path.ts";
import { newBudget } from "../tree.ts";
import { shown } from "./lint.ts";

const MAIN = "etc/sudoers";
const FOLDER = "etc/sudoers.d";

/** Lines by which sudo makes somebody root without asking for a password, and rule files whose lines nobody read. */
export function sudoRules(image: MergedImage): readonly Flaw[] {
  const folder = followPath(image.tree.root, FOLDER, newBudget())?.node;
  // sudo leaves out names with a dot or a tilde at the end; a package manager's leftovers are no rules.
  const names = [...(folder?.children.keys() ?? [])].filter((name) => !name.includes(".") && !name.endsWith("~"));
  return [MAIN, ...names.map((name) => `${FOLDER}/${name}`)].flatMap((path) => flawsOf(image, path));
}

function flawsOf(image: MergedImage, path: string): readonly Flaw[] {
  const file = readText(image, path);
  if (file.kind === "absent") return [];
  const { sighting } = file;
  if (file.kind === "unread") {
    return [{ what: `${shown(path)} could not be read, so it may let anybody become root: remove it`, sighting }];
  }
  return grantsFreely(file.text)
    ? [
        {
          what: `${shown(path)} lets sudo make somebody root without a password: remove NOPASSWD and !authenticate`,
          sighting,
        },
      ]
    : [];
}

function grantsFreely(text: string): boolean {
  return text
    .replaceAll("\\\n", " ")
    .split("\n")
    .filter((line) => !/^\s*#/.test(line))
    .some((line) => /(?:^|[\s:=,)])NOPASSWD\s*:/.test(line) || /^\s*Defaults.*!authenticate/.test(line));
}
