import { canonicalHost } from "./canonical-host.ts";
import { InputError } from "../domain/errors.ts";
import type { ImagePattern } from "../domain/policy.ts";
import type { Repository } from "../domain/reference.ts";
import { matchesSegments } from "./glob.ts";

/** Every image of every registry: the one pattern whose host may be anything. */
const EVERYTHING = "**";
/** A repository name has at most 255 characters (distribution/reference), a host 253 and a port. */
const MAX_PATTERN = 512;

const HOST_LABEL = /^[a-z0-9*](?:[a-z0-9*-]*[a-z0-9*])?$/;
const HOST_AND_PORT = /^(\[[0-9a-f:.]+\]|[^:[\]]+)(?::([0-9]{1,5}))?$/;
// A repository's component as distribution/reference has it, with stars allowed wherever letters are.
const PATH_SEGMENT = /^[a-z0-9*]+(?:(?:\.|_|__|-+)[a-z0-9*]+)*[._-]?\*?$/;

function refuse(text: string, why: string): never {
  throw new InputError("policy", `the pattern "${text.slice(0, 120)}" ${why}`);
}

/**
 * `host/path` with `*` inside a segment and `**` as a segment. The host is matched apart from the path, so a trusted name in
 * another host's path is not a match. Throws `InputError` for whatever matches more, or less, than it seems to.
 */
export function parseImagePattern(text: string): ImagePattern {
  if (text.length > MAX_PATTERN) refuse(text, `is longer than ${MAX_PATTERN} characters`);
  if (text === EVERYTHING) return { text, host: EVERYTHING, path: EVERYTHING } as ImagePattern;
  const slash = text.indexOf("/");
  const first = slash < 0 ? text : text.slice(0, slash);
  if (!namesHost(first)) refuse(text, hostless(text, first));
  const host = parseHost(text, first);
  if (slash < 0 || slash === text.length - 1)
    refuse(text, `names no repository: write ${host}/** for all of that host`);
  const path = text.slice(slash + 1);
  checkPath(text, path);
  if (host === "docker.io") checkDockerHub(text, path);
  return { text, host, path } as ImagePattern;
}

/** The rule by which container runtimes tell a host from a path component (distribution/reference). */
function namesHost(first: string): boolean {
  return first === "localhost" || first.includes(".") || first.includes(":") || first !== first.toLowerCase();
}

function hostless(text: string, first: string): string {
  if (first.includes("*")) {
    return "has a host that could be anyone's: name the host, or write ** alone for every image of every registry";
  }
  const path = text.includes("/") ? text : `library/${text}`;
  return `names no host: write the registry too, such as docker.io/${path} or registry.example.com/${text}`;
}

function parseHost(text: string, written: string): string {
  const match = HOST_AND_PORT.exec(written.toLowerCase());
  if (match === null) refuse(text, `has no valid host: "${written.slice(0, 80)}"`);
  const [, name = "", port] = match;
  if (!name.startsWith("[")) checkHostName(text, name);
  // The alias that runtimes rewrite before anything is asked of the registry.
  const host = name === "index.docker.io" ? "docker.io" : name;
  return canonicalHost(port === undefined ? host : `${host}:${port}`);
}

/** A star may stand only where the operator's own domain still follows: `*.example.com`, never `*example.com` or `*.com`. */
function checkHostName(text: string, name: string): void {
  const labels = name.split(".");
  if (labels.some((label) => label.includes("**"))) refuse(text, "has ** in the host: * stands for one label of it");
  if (labels.some((label) => !HOST_LABEL.test(label))) refuse(text, `has no valid host: "${name.slice(0, 80)}"`);
  if (labels.slice(-2).some((label) => label.includes("*"))) {
    refuse(text, "has a * in the last two labels of the host, which others can register: write it like *.example.com");
  }
}

function checkPath(text: string, path: string): void {
  if (/[:@]/.test(path)) refuse(text, "has a tag or digest: patterns name repositories; use a pinned rule for digests");
  if (path !== path.toLowerCase()) refuse(text, "has capital letters in the path, which no repository has");
  if (/[?[\]{}\\!]/.test(path)) refuse(text, "uses a wildcard other than * (in a segment) and ** (across segments)");
  for (const segment of path.split("/")) {
    if (segment === EVERYTHING) continue;
    if (segment.includes("**")) refuse(text, `has ** in the segment "${segment}": it stands alone, as in prod/**`);
    if (!PATH_SEGMENT.test(segment)) refuse(text, `has the segment "${segment}", which no repository can have`);
  }
}

function checkDockerHub(text: string, path: string): void {
  if (path !== EVERYTHING && !path.includes("/")) {
    refuse(text, `can never match, for Docker Hub's own images are in library: write docker.io/library/${path}`);
  }
}

/** What the operator may not have meant by a pattern that is nevertheless valid. */
export function patternWarning(pattern: ImagePattern): string | undefined {
  const last = pattern.path.slice(pattern.path.lastIndexOf("/") + 1);
  const prefix = /^([^*]*[a-z0-9])\*$/.exec(last)?.[1];
  if (prefix === undefined) return undefined;
  const folder = `${pattern.text.slice(0, -last.length)}${prefix}`;
  return `the pattern "${pattern.text}" also matches ${folder}-other and nothing under ${folder}/: write ${folder}/** for what is under it`;
}

/** Whether a pattern speaks of a repository. The host is compared without regard to case. */
export function matchesPattern(pattern: ImagePattern, repository: Repository): boolean {
  if (pattern.host === EVERYTHING && pattern.path === EVERYTHING) return true;
  return (
    matchesHost(pattern.host, canonicalHost(repository.registry)) &&
    matchesSegments(pattern.path.split("/"), repository.path.split("/"))
  );
}

function matchesHost(glob: string, host: string): boolean {
  if (!glob.includes("*")) return glob === host;
  return matchesSegments(glob.split("."), host.split("."));
}
