import { parseGoInt } from "./go-number.ts";

/** Linux `uid_t` as the runtimes accept it (containerd, moby/sys/user). */
export const MAX_ID = 2n ** 31n - 1n;

/** What `config.User` says before any file is looked at (reference: inspection, 3.2). */
export type UserText =
  | { readonly kind: "root"; readonly because: string; readonly group: GroupText }
  | { readonly kind: "uid"; readonly uid: bigint; readonly group: GroupText }
  | { readonly kind: "name"; readonly name: string; readonly group: GroupText }
  | { readonly kind: "invalid"; readonly because: string };

/** The part after the colon, which Kubernetes drops. */
export type GroupText =
  | { readonly kind: "none" }
  | { readonly kind: "gid"; readonly gid: bigint }
  | { readonly kind: "name"; readonly name: string };

/** More than any name has. */
const MAX_USER = 1024;
const CONTROL = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u;
const OUTER_SPACE = /^\s|\s$/u;

/** Never throws: whatever the text, it is one of the four. */
export function parseUserText(text: string): UserText {
  if (text.length > MAX_USER || CONTROL.test(text) || !text.isWellFormed()) {
    return { kind: "invalid", because: "USER has control characters or is overlong" };
  }
  const parts = text.split(":");
  const [user = "", group = ""] = parts;
  if (parts.length > 2) return { kind: "invalid", because: "USER has more than one colon" };
  if (OUTER_SPACE.test(user) || OUTER_SPACE.test(group)) {
    return { kind: "invalid", because: "USER has spaces around a name or number" };
  }
  const groupText = parseGroupText(group);
  if (groupText === undefined) return { kind: "invalid", because: `the group of USER is beyond 0 to ${MAX_ID}` };
  if (user === "")
    return { kind: "root", because: "USER is not set, so the container starts as uid 0", group: groupText };
  if (user === "root") return { kind: "root", because: "USER is root", group: groupText };
  return parseUserPart(user, groupText);
}

function parseUserPart(user: string, group: GroupText): UserText {
  const uid = parseGoInt(user);
  if (uid === undefined) return { kind: "name", name: user, group };
  // Runtimes wrapped such numbers to 0 or took them for names (CVE-2024-40635, CVE-2026-46680).
  if (uid < 0n || uid > MAX_ID) {
    return { kind: "invalid", because: `USER is a number beyond 0 to ${MAX_ID}, which some runtimes turn into root` };
  }
  return uid === 0n ? { kind: "root", because: "USER is uid 0", group } : { kind: "uid", uid, group };
}

function parseGroupText(group: string): GroupText | undefined {
  if (group === "") return { kind: "none" };
  const gid = parseGoInt(group);
  if (gid === undefined) return { kind: "name", name: group };
  return gid < 0n || gid > MAX_ID ? undefined : { kind: "gid", gid };
}
