import type { Sighting } from "../domain/sighting.ts";
import type { Absentee } from "../domain/policy.ts";

import { rootLikeCapabilities } from "./capability.ts";
import type { MergedImage } from "./inspection.ts";
import type { Tools } from "./programs.ts";
import { sightingOf } from "./sighting.ts";
import type { Found, Survey } from "./survey.ts";

export type Presence = Readonly<Record<Absentee, readonly Sighting[]>>;

/** Evidence is for people: enough to act upon, not a list of every applet. */
const MAX_SIGHTINGS = 50;

/** Things that policies may forbid, each with where it was seen. */
export function findPresence(image: MergedImage, survey: Survey, tools: Tools): Presence {
  const seen = (found: readonly Found[], note: (one: Found) => string = programNote): readonly Sighting[] =>
    found.slice(0, MAX_SIGHTINGS).map((one) => sightingOf(image, one, note(one)));
  return {
    // A shell that nobody may execute is a shell all the same: root and the loader do not ask.
    shell: [...seen(tools.shells), ...seen(tools.disarmedShells, () => "not executable, yet the loader runs it")],
    "package-manager": seen(tools.packageManagers),
    setuid: seen(
      survey.files.filter((file) => setuidNote(file) !== ""),
      setuidNote,
    ),
    "ssh-server": seen(tools.sshServers),
    interpreter: seen(tools.interpreters),
    compiler: seen(tools.compilers),
    "network-tool": seen(tools.networkTools),
    "language-package-manager": seen(tools.languagePackageManagers),
    "privilege-tool": seen(tools.privilegeTools),
  };
}

/** Files that make whoever starts them root, in part or whole. */
export function rootMakersIn(survey: Survey): readonly Found[] {
  return survey.files.filter(
    ({ node }) => ((node.mode & SETUID) !== 0 && node.uid === 0) || rootLikeCapabilities(node.capability).length > 0,
  );
}

function programNote(found: Found): string {
  const what = found.node.nature === "" ? "" : `, by its bytes ${found.node.nature}`;
  return (found.path === found.node.path ? "executable" : `leads to ${found.node.path}`) + what;
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
