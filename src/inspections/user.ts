import { NOT_COLLECTED, known, type Known } from "../domain/gap.ts";
import type { UserFact } from "../domain/facts.ts";
import type { ImageConfig } from "../domain/image-config.ts";
import type { Sighting } from "../domain/sighting.ts";

import type { ImageContent, InspectedImage } from "./inspection.ts";
import { utf8Bytes } from "./latin1.ts";
import type { GroupLine, UserLine } from "./passwd.ts";
import { stepDownTool } from "./step-down.ts";
import { findUserFiles, type UserFile, type UserFiles } from "./user-files.ts";
import { MAX_ID, parseUserText, type GroupText, type UserText } from "./user-text.ts";
import { resolveWindowsUser } from "../domain/windows-user.ts";

/** Whether who the image starts as can only be told by its own user files. Numbers need none, nor does root. */
export function isUserNameNeedingLayers(config: ImageConfig): boolean {
  return !isWindows(config) && parseUserText(config.user).kind === "name";
}

/** Who the image starts as when nothing overrides it (reference: inspection, 3.2). A name without layers stays unknown. */
export function inspectUser(image: InspectedImage): Known<UserFact> {
  const { config, content } = image;
  if (isWindows(config)) return known(resolveWindowsUser(config.user));
  const text = parseUserText(config.user);
  if (text.kind === "name" && content.kind === "gap") return { kind: "gap", gap: content.gap };
  if (text.kind === "name" && content.kind === "not-collected") return NOT_COLLECTED;
  return known(withStepDown(resolveUser(config.user, text, filesOf(config, content)), image));
}

/** Root is root, whatever it means to become; but the mend is another. */
function withStepDown(user: UserFact, image: InspectedImage): UserFact {
  const tool = user.verdict === "root" ? stepDownTool(image) : undefined;
  if (tool === undefined) return user;
  const hint = `its entrypoint seems to step down from root by ${tool}, which a kubelet does not see: start it as that user at once`;
  return { ...user, because: `${user.because}; ${hint}` };
}

function isWindows(config: ImageConfig): boolean {
  return config.platform.os.toLowerCase() === "windows";
}

function filesOf(config: ImageConfig, content: ImageContent): UserFiles {
  if (content.kind === "merged") return findUserFiles(content, config.volumes);
  const why =
    content.kind === "uninspectable" ? `the layers cannot be read: ${content.detail}` : "the layers were not read";
  return { passwd: { kind: "unusable", why }, group: { kind: "unusable", why } };
}

type Numbers = Pick<UserFact, "uid" | "gidDocker" | "gidKubernetes">;
const NO_NUMBERS: Numbers = { uid: undefined, gidDocker: undefined, gidKubernetes: undefined };

function fact(
  configured: string,
  verdict: UserFact["verdict"],
  because: string,
  rest: Numbers & { readonly sightings?: readonly Sighting[] },
): UserFact {
  const { sightings = [], ...numbers } = rest;
  return { configured, verdict, ...numbers, because, sightings };
}

function resolveUser(configured: string, text: UserText, files: UserFiles): UserFact {
  switch (text.kind) {
    case "invalid":
      return resolveInvalid(configured, text.because, files);
    case "root":
      return fact(
        configured,
        "root",
        `${text.because}${rootNote(configured, files)}`,
        numbersOf(0n, text.group, files),
      );
    case "uid":
      return resolveNumber(configured, text, files);
    case "name":
      return resolveName(configured, text, files);
  }
}

/** A user whose name is a number is what makes a number that is too large an exploit (CVE-2026-46680). */
function resolveInvalid(configured: string, because: string, { passwd }: UserFiles): UserFact {
  const isNumber = /^[+-]?[0-9]+(?::|$)/.test(configured);
  const baited = isNumber && passwd.kind === "read" && passwd.lines.some(({ name }) => /^[0-9]+$/.test(name));
  if (!baited) return fact(configured, "invalid", because, NO_NUMBERS);
  const found = `${because}; etc/passwd has a user whose name is a number, by which an unpatched containerd starts it`;
  return fact(configured, "invalid", found, { ...NO_NUMBERS, sightings: [passwd.sighting] });
}

/** Root by name is root to everybody who reads the configuration, whatever the image's own file makes of it. */
function rootNote(configured: string, { passwd }: UserFiles): string {
  if (!/^root(?::|$)/.test(configured) || passwd.kind === "unusable") return "";
  const line = passwd.kind === "read" ? passwd.lines.find(({ name }) => name === "root") : undefined;
  if (line === undefined) return ", which etc/passwd does not have, so that some runtimes do not start it";
  return line.uid === 0n ? "" : `, which etc/passwd maps to uid ${line.uid}, and counts as root all the same`;
}

/** A number is used as it is; the files only say the group that goes with it. */
function resolveNumber(configured: string, text: UserText & { readonly kind: "uid" }, files: UserFiles): UserFact {
  const numbers = numbersOf(text.uid, text.group, files);
  const notes = [
    `USER is uid ${text.uid}`,
    ...(numbers.gidDocker === 0 || numbers.gidKubernetes === 0 ? ["its group is 0"] : []),
    ...(isGroupMissing(text.group, files)
      ? ["its group is not in etc/group, so some runtimes refuse to start it"]
      : []),
  ];
  return fact(configured, "nonroot", notes.join("; "), numbers);
}

function resolveName(configured: string, text: UserText & { readonly kind: "name" }, files: UserFiles): UserFact {
  const { passwd } = files;
  if (passwd.kind !== "read") {
    const why = passwd.kind === "absent" ? "the image has no etc/passwd" : passwd.why;
    return fact(configured, "unresolvable", `USER is a name and ${why}`, NO_NUMBERS);
  }
  const name = utf8Bytes(text.name);
  const line = passwd.lines.find((one) => one.name === name);
  if (line === undefined) {
    return fact(configured, "unresolvable", "USER is a name that etc/passwd does not have", {
      ...NO_NUMBERS,
      sightings: [passwd.sighting],
    });
  }
  return resolveLine(configured, text.group, { line, files, sighting: passwd.sighting });
}

type FoundLine = { readonly line: UserLine; readonly files: UserFiles; readonly sighting: Sighting };

function resolveLine(configured: string, group: GroupText, found: FoundLine): UserFact {
  const { line, files } = found;
  const sightings = [found.sighting];
  if (line.uid < 0n || line.uid > MAX_ID || line.gid < 0n || line.gid > MAX_ID) {
    const because = `etc/passwd gives USER a number beyond 0 to ${MAX_ID}, which some runtimes turn into root`;
    return fact(configured, "invalid", because, { ...NO_NUMBERS, sightings });
  }
  const numbers = { ...numbersOf(line.uid, group, files), gidKubernetes: Number(line.gid), sightings };
  if (group.kind === "none") numbers.gidDocker = Number(line.gid);
  if (line.uid !== 0n) {
    const missing = isGroupMissing(group, files)
      ? "; its group is not in etc/group, so some runtimes refuse to start it"
      : "";
    return fact(
      configured,
      "nonroot-named",
      `USER is a name that etc/passwd maps to uid ${line.uid}${missing}`,
      numbers,
    );
  }
  const because = line.malformed
    ? "USER is a name whose line in etc/passwd is malformed, which the runtimes read as uid 0"
    : "USER is a name that etc/passwd maps to uid 0";
  return fact(configured, "root", because, numbers);
}

function numbersOf(uid: bigint, group: GroupText, files: UserFiles): Numbers {
  const own = ownGroup(uid, files.passwd);
  return { uid: Number(uid), gidDocker: dockerGroup(group, own, files.group), gidKubernetes: own };
}

/** The group of the first line with that uid, or 0 if there is none; `undefined` while the file is unknown. */
function ownGroup(uid: bigint, passwd: UserFile<UserLine>): number | undefined {
  if (passwd.kind === "unusable") return undefined;
  const line = passwd.kind === "read" ? passwd.lines.find((one) => one.uid === uid) : undefined;
  const gid = line?.gid ?? 0n;
  return gid < 0n || gid > MAX_ID ? undefined : Number(gid);
}

function dockerGroup(group: GroupText, own: number | undefined, file: UserFile<GroupLine>): number | undefined {
  switch (group.kind) {
    case "none":
      return own;
    case "gid":
      return Number(group.gid);
    case "name": {
      const found = groupLine(group.name, file);
      return found === undefined || found.gid < 0n || found.gid > MAX_ID ? undefined : Number(found.gid);
    }
  }
}

function groupLine(name: string, file: UserFile<GroupLine>): GroupLine | undefined {
  const bytes = utf8Bytes(name);
  return file.kind === "read" ? file.lines.find((line) => line.name === bytes) : undefined;
}

function isGroupMissing(group: GroupText, files: UserFiles): boolean {
  return group.kind === "name" && files.group.kind !== "unusable" && groupLine(group.name, files.group) === undefined;
}
