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

/** Programs by what an intruder would use them for, each under every name that leads to it; one may be of several kinds. */
export type Tools = {
  readonly shells: readonly Found[];
  /** Shells that lack only the execute bit, which the loader does not need (`ld-linux.so.2 /path/to/sh`). */
  readonly disarmedShells: readonly Found[];
  readonly packageManagers: readonly Found[];
  readonly languagePackageManagers: readonly Found[];
  readonly compilers: readonly Found[];
  readonly interpreters: readonly Found[];
  readonly networkTools: readonly Found[];
  readonly privilegeTools: readonly Found[];
  readonly sshServers: readonly Found[];
};

/**
 * Applets of busybox and toybox count as shells, network and privilege tools only: they ship `dpkg` and `rpm` that merely
 * unpack (reference: inspection, 1.4).
 */
export function findTools(survey: Survey): Tools {
  const own = survey.programs.filter((one) => !survey.multiCall.has(one.node));
  return {
    shells: shellsIn(survey),
    disarmedShells: survey.disarmed.filter((one) => isShellNature(one.node.nature) || isCalled(one, isShellName)),
    packageManagers: own.filter((one) => isCalled(one, isPackageManagerName)),
    languagePackageManagers: own.filter((one) => isCalled(one, isLanguagePackageManagerName)),
    compilers: own.filter((one) => isCalled(one, isCompilerName)),
    interpreters: own.filter((one) => isCalled(one, isInterpreterName)),
    networkTools: withAppletsIn(survey, isNetworkToolName).filter((one) => !APT_METHODS.has(one.path)),
    privilegeTools: withAppletsIn(survey, isPrivilegeToolName),
    sshServers: survey.programs.filter((one) => isCalled(one, isSshServerName)),
  };
}

/** Parts of apt that bear clients' names: they speak to apt alone, and apt counts for itself. */
const APT_METHODS: ReadonlySet<string> = new Set(["usr/lib/apt/methods/ftp", "usr/lib/apt/methods/ssh"]);

/** A script under a shell's name is somebody's script, unless that shell is written as one. */
function shellsIn({ programs }: Survey): readonly Found[] {
  const isOne = ({ base, node }: Found): boolean =>
    isShellNature(node.nature) ||
    isCalled({ base, node }, (name) => isShellName(name) && (!isScript(node.head) || isScriptedShellName(name)));
  return namedFirst(programs.filter(isOne), isShellName);
}

/** Whether all package managers are of those made for small images; some bring rpm along. */
export function areSmall(managers: readonly Found[]): boolean {
  const names = managers.map((one) => calledAs(one, isPackageManagerName) ?? "");
  return (
    names.some(isSmallPackageManagerName) && names.every((name) => isSmallPackageManagerName(name) || name === "rpm")
  );
}

/** Languages that these interpret, such as `python`, in alphabetical order. */
export function languagesOf(interpreters: readonly Found[]): readonly string[] {
  const found = interpreters.flatMap((one) => interpreterOf(calledAs(one, isInterpreterName) ?? "") ?? []);
  return [...new Set(found)].sort();
}

/** How many programs these are: a file counts once whatever number of names lead to it. */
export function distinct(found: readonly Found[]): number {
  return new Set(found.map((one) => one.node)).size;
}

/** Applets count here, and busybox itself, which needs no link to be called by: `busybox wget`, `busybox chroot`. */
function withAppletsIn(survey: Survey, isName: IsName): readonly Found[] {
  const found = survey.programs.filter((one) => isCalled(one, isName) || isMultiCallItself(one, survey));
  return namedFirst(found, isName);
}

function isMultiCallItself(one: Found, survey: Survey): boolean {
  return survey.multiCall.has(one.node) && (isMultiCallName(one.base) || one.path === one.node.path);
}

/** The name by which a program is one of those asked for: the one it was found by, or the file's own where a link has another. */
function calledAs({ base, node }: Pick<Found, "base" | "node">, isName: IsName): string | undefined {
  if (isName(base)) return base;
  const own = node.path.slice(node.path.lastIndexOf("/") + 1);
  return own !== base && isName(own) ? own : undefined;
}

function isCalled(found: Pick<Found, "base" | "node">, isName: IsName): boolean {
  return calledAs(found, isName) !== undefined;
}

/** Only some of what is found is shown, so what people know it by comes first. */
function namedFirst(found: readonly Found[], isName: IsName): readonly Found[] {
  return [...found.filter((one) => isName(one.base)), ...found.filter((one) => !isName(one.base))];
}
