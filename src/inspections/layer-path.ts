import { fault, quoted, type Fault } from "./fault.ts";
import { MAX_COMPONENT, MAX_DEPTH, MAX_PATH } from "./layer-limits.ts";

/** A name inside the image's root: no leading slash, no empty, `.` or `..` part. The root itself is the empty path. */
export type CleanPath = {
  readonly kind: "path";
  readonly path: string;
  readonly base: string;
  readonly depth: number;
  /** The name tried to leave the root; it is clamped there, as containerd does. */
  readonly escapes: boolean;
};

/** An empty, `.` or `..` part anywhere. */
const UNCLEAN = /(?:^|\/)\.{0,2}(?:\/|$)/;

/** Cleans a name by its letters alone (Go `filepath.Clean`), before any link is looked at, as the runtimes do. */
export function cleanPath(name: string): CleanPath | Fault {
  if (name.length > MAX_PATH) return fault("limit", `a path of ${name.length} bytes: ${quoted(name)}`);
  // Writers put "./" before and "/" after; anything else unclean is rare.
  const start = name.startsWith("./") ? 2 : 0;
  const trimmed = name.slice(start, name.endsWith("/") ? -1 : undefined);
  return trimmed.length <= MAX_COMPONENT && !UNCLEAN.test(trimmed) ? cleanAlready(trimmed) : cleanParts(name);
}

function cleanAlready(path: string): CleanPath {
  let depth = 1;
  for (let at = path.indexOf("/"); at >= 0; at = path.indexOf("/", at + 1)) depth += 1;
  return { kind: "path", path, base: baseOf(path), depth, escapes: false };
}

function cleanParts(name: string): CleanPath | Fault {
  const parts: string[] = [];
  let escapes = false;
  for (const part of name.split("/")) {
    if (part === "" || part === ".") continue;
    if (part !== "..") parts.push(part);
    else if (parts.pop() === undefined) escapes = true;
    if (part.length > MAX_COMPONENT)
      return fault("limit", `a path with a part of ${part.length} bytes: ${quoted(name)}`);
  }
  if (parts.length > MAX_DEPTH) return fault("limit", `a path ${parts.length} directories deep: ${quoted(name)}`);
  return { kind: "path", path: parts.join("/"), base: parts.at(-1) ?? "", depth: parts.length, escapes };
}

function baseOf(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

/** The directory a path stands in; the root's own is the root. */
export function parentOf(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf("/")));
}

/** Whether `path` is `ancestor` or below it; everything is below the root. */
export function isWithin(path: string, ancestor: string): boolean {
  return ancestor === "" || path === ancestor || path.startsWith(`${ancestor}/`);
}
