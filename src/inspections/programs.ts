import {
  interpreterOf,
  isMultiCallName,
  isPackageManagerName,
  isScript,
  isScriptedShellName,
  isShellName,
  isSmallPackageManagerName,
  isSshServerName,
} from "./executables.ts";
import {
  isCompilerName,
  isInterpreterName,
  isLanguagePackageManagerName,
  isNetworkToolName,
  isPrivilegeToolName,
} from "./program-names.ts";
import { isShellNature } from "./program-nature.ts";
import type { Found, Survey } from "./survey.ts";

type IsName = (base: string) => boolean;

/** Every shell and every name it has. A script under a shell's name is somebody's script, unless that shell is written as one. */
export function shellsIn(survey: Survey): readonly Found[] {
  const isOne = (one: Found): boolean =>
    isShellNature(one.node.nature) ||
    calledAs(one, (base) => isShellName(base) && (!isScript(one.node.head) || isScriptedShellName(base))) !== undefined;
  return namedFirst(survey.programs.filter(isOne), isShellName);
}

/** Shells that lack only the execute bit, which the loader does not need (`ld-linux.so.2 /path/to/sh`). */
export function disarmedShellsIn(survey: Survey): readonly Found[] {
  return survey.disarmed.filter((one) => isShellNature(one.node.nature) || calledAs(one, isShellName) !== undefined);
}

/** Applets of busybox and toybox do not count: they ship `dpkg` and `rpm` that only unpack (reference: inspection, 1.4). */
export function packageManagersIn(survey: Survey): readonly Found[] {
  return ownProgramsIn(survey, isPackageManagerName);
}

/** Whether a package manager is one of those made for small images, under whichever of its names it was found. */
export function isSmallPackageManager(manager: Found): boolean {
  return isSmallPackageManagerName(calledAs(manager, isPackageManagerName) ?? "");
}

/** `rpm` and the like, which small package managers bring along. */
export function isBroughtAlong(manager: Found): boolean {
  return calledAs(manager, isPackageManagerName) === "rpm";
}

export function languagePackageManagersIn(survey: Survey): readonly Found[] {
  return ownProgramsIn(survey, isLanguagePackageManagerName);
}

export function compilersIn(survey: Survey): readonly Found[] {
  return ownProgramsIn(survey, isCompilerName);
}

export function interpretersIn(survey: Survey): readonly Found[] {
  return ownProgramsIn(survey, isInterpreterName);
}

/** Languages that something here interprets, such as `python`, in alphabetical order. */
export function languagesIn(survey: Survey): readonly string[] {
  const found = interpretersIn(survey).flatMap((one) => interpreterOf(calledAs(one, isInterpreterName) ?? "") ?? []);
  return [...new Set(found)].sort();
}

export function sshServersIn(survey: Survey): readonly Found[] {
  return survey.programs.filter((one) => calledAs(one, isSshServerName) !== undefined);
}

export function networkToolsIn(survey: Survey): readonly Found[] {
  return appletsAndProgramsIn(survey, isNetworkToolName).filter((one) => !APT_METHODS.has(one.path));
}

/** Parts of apt that bear clients' names: they speak to apt alone, and apt counts for itself. */
const APT_METHODS: ReadonlySet<string> = new Set(["usr/lib/apt/methods/ftp", "usr/lib/apt/methods/ssh"]);

export function privilegeToolsIn(survey: Survey): readonly Found[] {
  return appletsAndProgramsIn(survey, isPrivilegeToolName);
}

/** How many programs these are: a file counts once whatever number of names lead to it. */
export function distinct(found: readonly Found[]): number {
  return new Set(found.map((one) => one.node)).size;
}

/** Programs in their own right; what busybox and toybox only imitate is left out. */
function ownProgramsIn(survey: Survey, isName: IsName): readonly Found[] {
  return survey.programs.filter((one) => !survey.multiCall.has(one.node) && calledAs(one, isName) !== undefined);
}

/** Applets count here, and busybox itself, which needs no link to be called by: `busybox wget`, `busybox chroot`. */
function appletsAndProgramsIn(survey: Survey, isName: IsName): readonly Found[] {
  const found = survey.programs.filter((one) => calledAs(one, isName) !== undefined || isMultiCallItself(one, survey));
  return namedFirst(found, isName);
}

function isMultiCallItself(one: Found, survey: Survey): boolean {
  return survey.multiCall.has(one.node) && (isMultiCallName(one.base) || one.path === one.node.path);
}

/** The name by which a program is one of those asked for: the one it was found by, or the file's own where a link has another. */
function calledAs({ base, node }: Found, isName: IsName): string | undefined {
  return [base, node.path.slice(node.path.lastIndexOf("/") + 1)].find(isName);
}

/** Only some of what is found is shown, so what people know it by comes first. */
function namedFirst(found: readonly Found[], isName: IsName): readonly Found[] {
  return [...found.filter((one) => isName(one.base)), ...found.filter((one) => !isName(one.base))];
}
