import type { Sighting } from "../domain/sighting.ts";
import type { Absentee } from "../domain/policy.ts";

import { rootLikeCapabilities } from "./capability.ts";
import {
  isElf,
  isPackageManagerName,
  isScript,
  isScriptedShellName,
  isShellName,
  isSshServerName,
} from "./executables.ts";
import type { MergedImage } from "./inspection.ts";
import { isShellNature } from "./program-nature.ts";
import { sightingOf } from "./sighting.ts";
import type { Found, Survey } from "./survey.ts";

export type Presence = Readonly<Record<Absentee, readonly Sighting[]>>;

/** Evidence is for people: enough to act upon, not a list of every applet. */
const MAX_SIGHTINGS = 50;

/** Things that policies may forbid, each with where it was seen. */
export function findPresence(image: MergedImage, survey: Survey): Presence {
  const seen = (found: readonly Found[], note: (one: Found) => string): readonly Sighting[] =>
    found.slice(0, MAX_SIGHTINGS).map((one) => sightingOf(image, one, note(one)));
  return {
    shell: seen(shellsIn(survey), programNote),
    "package-manager": seen(packageManagersIn(survey), programNote),
    setuid: seen(
      survey.files.filter((file) => setuidNote(file) !== ""),
      setuidNote,
    ),
    "ssh-server": seen(
      survey.programs.filter((one) => isSshServerName(one.base) || isSshServerName(ownBase(one))),
      programNote,
    ),
  };
}

/** By what it holds, or by name; a script under a shell's name is somebody's script, unless that shell is written as one. */
export function shellsIn(survey: Survey): readonly Found[] {
  return survey.programs.filter(
    (one) =>
      isShellNature(one.node.nature) ||
      [one.base, ownBase(one)].some(
        (base) => isShellName(base) && (!isScript(one.node.head) || isScriptedShellName(base)),
      ),
  );
}

/** Applets of busybox and toybox do not count: they ship `dpkg` and `rpm` that only unpack (reference: inspection, 1.4). */
export function packageManagersIn(survey: Survey): readonly Found[] {
  return survey.programs.filter(
    (one) => !survey.multiCall.has(one.node) && (isPackageManagerName(one.base) || isPackageManagerName(ownBase(one))),
  );
}

/** Shells that lack only the execute bit, which root does not need: the loader runs them. */
export function disarmedShellsIn(survey: Survey): readonly Found[] {
  return survey.files.filter(
    (file) =>
      (file.node.mode & 0o111) === 0 &&
      isElf(file.node.head) &&
      (isShellNature(file.node.nature) || isShellName(file.base)),
  );
}

/** What the file reached is called itself, where a link has another name. */
function ownBase(found: Found): string {
  return found.node.path.slice(found.node.path.lastIndexOf("/") + 1);
}

function programNote(found: Found): string {
  return found.path === found.node.path ? "executable" : `leads to ${found.node.path}`;
}

const SETUID = 0o4000;
const SETGID = 0o2000;

/** How a file gives its caller another's rights; empty if it does not. */
function setuidNote(found: Found): string {
  const { mode, uid, capability } = found.node;
  const notes = [
    ...((mode & SETUID) === 0 ? [] : [uid === 0 ? "setuid root" : `setuid uid ${uid}`]),
    ...((mode & SETGID) === 0 ? [] : ["setgid"]),
    ...rootLikeCapabilities(capability),
  ];
  return notes.join(", ");
}
