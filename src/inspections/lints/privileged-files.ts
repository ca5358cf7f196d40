import type { Flaw } from "../../domain/lint.ts";

import { rootLikeCapabilities } from "../capability.ts";
import { isScript } from "../executables.ts";
import type { MergedImage } from "../inspection.ts";
import { sightingOf } from "../sighting.ts";
import type { Found } from "../survey.ts";
import { firstFlaws, shown } from "./lint.ts";

const SETUID = 0o4000;
const ANY_EXECUTE = 0o111;

/**
 * Programs that distributions give to root because they ask who calls them before they do anything. `sudo`, `doas` and
 * `pkexec` are not among them: to make people root is what they are for.
 */
const EXPECTED = expectedPaths([
  ["bin", "bbsuid chage chfn chsh expiry fusermount fusermount3 gpasswd mount newgrp passwd ping ping6 sg su umount"],
  ["sbin", "mount.nfs pam_timestamp_check unix_chkpwd unix_update"],
  ["lib", "openssh/ssh-keysign dbus-1.0/dbus-daemon-launch-helper polkit-1/polkit-agent-helper-1"],
  ["libexec", "openssh/ssh-keysign dbus-1/dbus-daemon-launch-helper"],
]);

function expectedPaths(folders: readonly (readonly [string, string])[]): ReadonlySet<string> {
  const paths = folders.flatMap(([folder, names]) => names.split(" ").map((name) => `${folder}/${name}`));
  return new Set(paths.flatMap((path) => [path, `usr/${path}`]));
}

/** Programs that run as root, or with rights that amount to it, whoever starts them. */
export function privilegedFiles(image: MergedImage, files: readonly Found[]): readonly Flaw[] {
  const programs = files.filter(({ node }) => (node.mode & ANY_EXECUTE) !== 0);
  return [
    ...firstFlaws(programs.filter(isUnexpectedSetuid), (one) => setuidFlaw(image, one)),
    ...firstFlaws(
      programs.filter(({ node }) => rootLikeCapabilities(node.capability).length > 0),
      (one) => capabilityFlaw(image, one),
    ),
  ];
}

/** The kernel takes no notice of the bit on scripts, nor does another owner's make root. */
function isUnexpectedSetuid({ node, path }: Found): boolean {
  return (node.mode & SETUID) !== 0 && node.uid === 0 && !isScript(node.head) && !isExpected(path, node.nature);
}

/** A shell under an expected name is no such program. */
function isExpected(path: string, nature: string): boolean {
  return EXPECTED.has(path) && nature === "";
}

function setuidFlaw(image: MergedImage, found: Found): Flaw {
  const what = `${shown(found.path)} runs as root whoever starts it (setuid): remove it, or take its setuid bit`;
  return { what, sighting: sightingOf(image, found, "setuid root") };
}

function capabilityFlaw(image: MergedImage, found: Found): Flaw {
  const capabilities = rootLikeCapabilities(found.node.capability).join(", ");
  const what = `${shown(found.path)} has rights that amount to root whoever starts it (${capabilities}): remove them with setcap -r`;
  return { what, sighting: sightingOf(image, found, capabilities) };
}
