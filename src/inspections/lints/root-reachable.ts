import type { UserFact } from "../../domain/facts.ts";
import type { Flaw } from "../../domain/lint.ts";

import { openAccounts } from "../accounts.ts";
import { isSshServerName } from "../executables.ts";
import type { MergedImage } from "../inspection.ts";
import { parsePasswd } from "../passwd.ts";
import { sightingOf } from "../sighting.ts";
import { surveyTree, type Found } from "../survey.ts";
import { readText } from "../text-file.ts";
import { inspectUser } from "../user.ts";
import { layerLint, plainFlaw, shown } from "./lint.ts";
import { privilegedFiles } from "./privileged-files.ts";
import { rewritableFiles } from "./rewritable-files.ts";
import { sudoRules } from "./sudo-rules.ts";

/**
 * Ways from the image's user to root that only `allowPrivilegeEscalation: false` would bar (reference: inspection, 3.4).
 * An image that starts as root needs none, which is said too, so that the lint never holds for it.
 */
export const rootReachable = layerLint(1, (image, inspected) => {
  const survey = surveyTree(image.tree.root);
  if (survey === undefined)
    return [plainFlaw("its links make more paths than are looked at, so ways to root may be among them")];
  const user = inspectUser(inspected);
  if (user.kind !== "known") return [plainFlaw("who it starts as is not known")];
  return [
    ...startFlaws(user.value),
    ...privilegedFiles(image, survey.files),
    ...passwordlessRoot(image, survey.programs),
    ...sudoRules(image),
    ...rewritableFiles(image, inspected, user.value),
  ];
});

function startFlaws({ because, verdict }: UserFact): readonly Flaw[] {
  switch (verdict) {
    case "nonroot":
    case "nonroot-named":
      return [];
    case "root":
      return [plainFlaw(`it starts as root already: ${because}. Set USER to a number above 0`)];
    case "unresolvable":
    case "invalid":
      return [plainFlaw(`it may start as root: ${because}. Set USER to a number above 0`)];
  }
}

const LOGINS = new Set(["su", "login", "agetty", "getty"]);

/** An account of uid 0 that needs no password, and a program that lets one log in to it. */
function passwordlessRoot(image: MergedImage, programs: readonly Found[]): readonly Flaw[] {
  const login = programs.find(({ base }) => LOGINS.has(base) || isSshServerName(base));
  if (login === undefined) return [];
  const roots = namesOfRoot(image);
  return openAccounts(image)
    .filter(({ name }) => name === undefined || roots.has(name))
    .map(({ file, name }) => {
      const account = name === undefined ? "root may have" : `${shown(name)}, which is root, has`;
      const what = `${account} no password in ${file} and ${shown(login.path)} logs people in: lock it with ! or *, or remove the program`;
      return { what, sighting: sightingOf(image, login, file) };
    });
}

/** Every account that the runtimes read as uid 0. */
function namesOfRoot(image: MergedImage): ReadonlySet<string> {
  const file = readText(image, "etc/passwd");
  const lines = (file.kind === "read" ? parsePasswd(file.text) : undefined) ?? [];
  return new Set(["root", ...lines.filter(({ uid }) => uid === 0n).map(({ name }) => name)]);
}
